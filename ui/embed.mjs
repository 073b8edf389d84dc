// Makes a C++ source that holds a script and the hash that a page's content security policy needs: node embed.mjs IN.js OUT.cpp
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';

const [input, output] = process.argv.slice(2);
// Inside <script> the text must not end the element early.
const script = readFileSync(input, 'utf8').replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--').trim();
if (/[^\x00-\x7f]/.test(script)) throw new Error(input + ' is not ASCII');
const hash = 'sha256-' + createHash('sha256').update(script).digest('base64');
const lines = [];
for (let at = 0; at < script.length; at += 2000)
  lines.push('    "' + script.slice(at, at + 2000).replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\?\?/g, '?\\?').replace(/[\x00-\x09\x0b-\x1f\x7f]/g, (c) => '\\' + c.charCodeAt(0).toString(8).padStart(3, '0')) + '"');
writeFileSync(
  output,
  `// The figures' script from ui/, made by ui/embed.mjs.
#include "report/figures_script.h"

namespace rw {

extern const std::string_view kFiguresScript =
${lines.join('\n')};
extern const std::string_view kFiguresScriptHash = "${hash}";

}  // namespace rw
`,
);
