// The script that draws figures, as the build bundled it from ui/.
#pragma once

#include <string_view>

namespace rw {

extern const std::string_view kFiguresScript;      // ASCII, safe inside <script>
extern const std::string_view kFiguresScriptHash;  // "sha256-…" for a content security policy

}  // namespace rw
