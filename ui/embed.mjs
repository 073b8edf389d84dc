// Makes a C++ source that holds the bundled script and style, and the hash of the script that a page's content security policy
// needs: node ui/embed.mjs IN.js IN.css OUT.cpp
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';

const [scriptFile, styleFile, output] = process.argv.slice(2);

function ascii(path) {
  const text = readFileSync(path, 'utf8').trim();
  if (/[^\x00-\x7f]/.test(text)) throw new Error(path + ' is not ASCII');
  return text;
}

// As C++ string literals, in pieces that every compiler takes.
function literal(text) {
  const escapes = {'\\': '\\\\', '"': '\\"', '\n': '\\n', '\t': '\\t'};
  const lines = [];
  for (let at = 0; at < text.length; at += 2000) {
    const piece = text.slice(at, at + 2000).replace(/[\\"\n\t]/g, (c) => escapes[c]);
    lines.push('    "' + piece.replace(/[\x00-\x1f\x7f]/g, (c) => '\\' + c.charCodeAt(0).toString(8).padStart(3, '0')) + '"');
  }
  return lines.join('\n');
}

// Inside <script> the text must not end the element early.
const script = ascii(scriptFile).replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
const style = ascii(styleFile);
if (/<\/style/i.test(style)) throw new Error(styleFile + ' would end its element');
writeFileSync(
  output,
  `// The figures' script and the page's style from ui/, made by ui/embed.mjs.
#include "report/figures_script.h"

namespace rw {

extern const std::string_view kFiguresScript =
${literal(script)};
extern const std::string_view kFiguresScriptHash = "sha256-${createHash('sha256').update(script).digest('base64')}";
extern const std::string_view kDossierStyle =
${literal(style)};

}  // namespace rw
`,
);
