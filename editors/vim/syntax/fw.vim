" Colours of policies of fwc.
if exists('b:current_syntax')
  finish
endif

" A word is what stands between blanks, quotes and braces: `deny.example.com` is one.
syntax match fwName     /[^ \t#"{}]\+/ contains=fwWildcard,fwVariable
syntax match fwWildcard /\*\*\?/ contained
syntax match fwVariable /\${[A-Za-z0-9_-]\+}/ contained containedin=fwName
syntax match fwName     /[^ \t#"{}]*\${[A-Za-z0-9_-]\+}[^ \t#"{}]*/ contains=fwWildcard,fwVariable
syntax match fwAddress  /\%(^\|[ \t{]\)\@<=\d\{1,3}\%(\.\d\{1,3}\)\{3}\%(\/\d\+\)\?\%([ \t#"{}]\|$\)\@=/
syntax match fwDate     /\%([ \t]\)\@<=\d\{4}-\d\d-\d\d\%([ \t#"{}]\|$\)\@=/
syntax match fwTicket   /\%([ \t]\)\@<=[A-Z][A-Z0-9]\+-\d\+\%([ \t#"{}]\|$\)\@=/
syntax match fwOwner    /\%(^\|[ \t]\)\@<=@[^ \t#"{}]\+/
syntax match fwClause   /\%([ \t]\)\@<=\%(except\|port\|to\|because\|until\|from\|only\|observe\|never\|reaches\|reach\|regions\|equal\|within\|->\)\%([ \t#"{}]\|$\)\@=/
syntax match fwKeyword  /^\s*\%(fwc\|include\|owner\|use\|lint\|assert\|test\|allow\|deny\)\%([ \t#"{}]\|$\)\@=/
syntax match fwBlock    /^\s*\%(set\|service\)\%([ \t]\)\@=/ nextgroup=fwBlockName skipwhite
syntax match fwBlockName /[^ \t#"{}]\+/ contained
syntax region fwText start=/"/ skip=/\\["\\]/ end=/"\|$/ oneline
syntax match fwComment  /#.*$/ contains=fwTodo
syntax keyword fwTodo TODO FIXME contained

highlight default link fwWildcard Special
highlight default link fwVariable Identifier
highlight default link fwAddress Number
highlight default link fwDate Number
highlight default link fwTicket Constant
highlight default link fwOwner PreProc
highlight default link fwClause Operator
highlight default link fwKeyword Statement
highlight default link fwBlock Type
highlight default link fwBlockName Function
highlight default link fwText String
highlight default link fwComment Comment
highlight default link fwTodo Todo

let b:current_syntax = 'fw'
