// Renderer json: the contract that other programs read.
#include "report/json_text.h"
#include "report/renderer.h"

namespace rw {
namespace {

Result<RenderedDossier> render(const Dossier& dossier, const RenderOptions&) {
  return RenderedDossier{json_text(dossier_document(dossier)) + "\n", {}};
}

}  // namespace

extern constinit const Renderer kJsonRenderer{"json", "json", "the dossier as data, for other programs (schema 1)",
                                              render};

}  // namespace rw
