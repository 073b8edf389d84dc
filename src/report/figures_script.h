// The script that draws figures and the style of the page, as the build bundled them from ui/.
#pragma once

#include <string_view>

namespace rw {

extern const std::string_view kFiguresScript;      // ASCII, safe inside <script>
extern const std::string_view kFiguresScriptHash;  // "sha256-…" for a content security policy
extern const std::string_view kDossierStyle;       // ASCII, safe inside <style>

}  // namespace rw
