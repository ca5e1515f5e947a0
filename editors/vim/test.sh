#!/usr/bin/env bash
# What Vim makes of the words of a policy; needs a vim with syntax highlighting.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/p.fw" <<'FW'
service ci from ops {
  allow *.a.${region}.example port 80/http because PAY-8 "why" until 2027-01-31 # note
  deny.example.com
}
FW
cat >"$folder/ask.vim" <<'VIM'
let out = []
for [line, word] in [[1, 'service'], [1, 'ci'], [1, 'from'], [2, 'allow'], [2, '\*'], [2, 'region'], [2, 'port'], [2, 'PAY'], [2, 'why'], [2, '2027'], [2, 'note'], [3, 'deny']]
  let column = match(getline(line), word) + 1
  call add(out, word . ' ' . synIDattr(synID(line, column, 1), 'name'))
endfor
call writefile(out, $FWC_OUT)
qall!
VIM
FWC_OUT=$folder/out vim -u NONE -i NONE -N -es --cmd "set rtp^=$PWD" \
    -c 'filetype plugin on' -c 'syntax on' -c "edit $folder/p.fw" -S "$folder/ask.vim" || true
diff "$folder/out" - <<'EXPECTED'
service fwBlock
ci fwBlockName
from fwClause
allow fwKeyword
\* fwWildcard
region fwVariable
port fwClause
PAY fwTicket
why fwText
2027 fwDate
note fwComment
deny fwName
EXPECTED
echo "ok vim"
