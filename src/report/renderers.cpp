// The list of renderers: one line for each file.
#include "report/renderer.h"

namespace rw {

extern const Renderer kHtmlRenderer;
extern const Renderer kMarkdownRenderer;
extern const Renderer kJsonRenderer;
extern const Renderer kPdfRenderer;
extern const Renderer kTerminalRenderer;

std::span<const Renderer* const> renderers() {
  static constexpr const Renderer* kRenderers[] = {
      &kHtmlRenderer, &kMarkdownRenderer, &kJsonRenderer, &kPdfRenderer, &kTerminalRenderer,
  };
  return kRenderers;
}

const Renderer* find_renderer(std::string_view id) {
  for (const Renderer* renderer : renderers())
    if (renderer->id == id) return renderer;
  return nullptr;
}

}  // namespace rw
