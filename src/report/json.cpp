// Renderer json: the contract that other programs read.
#include "report/json_text.h"
#include "report/renderer.h"

namespace rw {
namespace {

Result<Rendered> render(const Dossier& dossier, const RenderOptions&) {
  return Rendered{json_text(dossier_document(dossier)) + "\n", {}};
}

}  // namespace

extern constinit const Renderer kJsonRenderer{"json", "json", "the dossier as data, for other programs (schema 1)",
                                              render};

}  // namespace rw
