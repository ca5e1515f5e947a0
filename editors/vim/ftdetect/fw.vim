" Policies of fwc.
autocmd BufNewFile,BufRead *.fw setfiletype fw
