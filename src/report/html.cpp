// Renderer html: one self-contained page.
#include "report/renderer.h"
namespace rw {
namespace {
Result<Rendered> render(const Dossier&, const RenderOptions&) { return Rendered{}; }
}
extern constinit const Renderer kHtmlRenderer{"html", "html", "the dossier as one page: figures, tables and data in one file, no network needed", render};
}
