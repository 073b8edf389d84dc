// Runs the figures' script in Duktape.
#include "report/figures.h"

#include <duktape.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "report/figures_script.h"
#include "report/json_text.h"

namespace rw {
namespace {

// What the script expects of a host that is no browser: nothing ever fires, drawing is synchronous.
constexpr std::string_view kShim =
    "if(typeof globalThis==='undefined'){new Function('return this')().globalThis=new Function('return this')();}"
    "globalThis.setTimeout=function(){return 0;};globalThis.clearTimeout=function(){};"
    "globalThis.setInterval=function(){return 0;};globalThis.clearInterval=function(){};"
    "globalThis.requestAnimationFrame=function(){return 0;};globalThis.cancelAnimationFrame=function(){};"
    "globalThis.console={log:function(){},warn:function(){},error:function(){}};";

// Counts what the heap holds, with each block's size in front of it, so that a runaway figure ends and not the process.
struct Budget {
  std::size_t used = 0;
};
constexpr std::size_t kHeader = alignof(std::max_align_t);

void* allocate(void* user, duk_size_t size) {
  auto* budget = static_cast<Budget*>(user);
  if (size == 0 || budget->used + size > FigureDrawer::kMostBytes) return nullptr;
  auto* block = static_cast<std::byte*>(std::malloc(size + kHeader));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof size);
  budget->used += size;
  return block + kHeader;
}

void release(void* user, void* memory) {
  if (memory == nullptr) return;
  auto* block = static_cast<std::byte*>(memory) - kHeader;
  duk_size_t size = 0;
  std::memcpy(&size, block, sizeof size);
  static_cast<Budget*>(user)->used -= size;
  std::free(block);
}

void* reallocate(void* user, void* memory, duk_size_t size) {
  if (memory == nullptr) return allocate(user, size);
  if (size == 0) {
    release(user, memory);
    return nullptr;
  }
  auto* budget = static_cast<Budget*>(user);
  auto* block = static_cast<std::byte*>(memory) - kHeader;
  duk_size_t old = 0;
  std::memcpy(&old, block, sizeof old);
  if (budget->used - old + size > FigureDrawer::kMostBytes) return nullptr;
  auto* moved = static_cast<std::byte*>(std::realloc(block, size + kHeader));
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, &size, sizeof size);
  budget->used += size - old;
  return moved + kHeader;
}

[[noreturn]] void on_fatal(void*, const char* message) {
  std::fprintf(stderr, "figures: %s\n", message == nullptr ? "fatal error" : message);
  std::abort();  // every call below is protected: this is a bug in Duktape or here
}

class DuktapeDrawer : public FigureDrawer {
 public:
  ~DuktapeDrawer() override {
    if (heap_ != nullptr) duk_destroy_heap(heap_);
  }

  Result<void> load() {
    heap_ = duk_create_heap(allocate, reallocate, release, &budget_, on_fatal);
    if (heap_ == nullptr) return Failure(ErrorCode::kInternal, "the script engine for figures does not start");
    RW_TRY(evaluate(kShim));
    return evaluate(kFiguresScript);
  }

  Result<std::string> draw(const SectionFigure& figure, const FigureStyle& style) override {
    Document request = Document::object();
    request.set("kind", figure.kind);
    request.set("data", figure.data);
    request.set("id", figure.id + (style.narrow ? "-narrow" : ""));
    request.set("title", figure.caption);
    request.set("description", figure.description);
    request.set("width", style.width);
    request.set("narrow", style.narrow);
    request.set("variables", style.variables);
    const std::string text = json_text(request, JsonStyle::kCompact);

    const duk_idx_t top = duk_get_top(heap_);
    duk_get_global_string(heap_, "rangewatch");
    duk_get_prop_string(heap_, -1, "draw");
    duk_push_lstring(heap_, text.data(), text.size());
    const bool drawn = duk_pcall(heap_, 1) == DUK_EXEC_SUCCESS && duk_is_string(heap_, -1) != 0;
    duk_size_t size = 0;
    const char* bytes = duk_safe_to_lstring(heap_, -1, &size);
    std::string answer(bytes, size);
    duk_set_top(heap_, top);
    duk_gc(heap_, 0);
    if (!drawn) return Failure(ErrorCode::kInternal, "figure " + figure.id + " cannot be drawn: " + answer);
    return answer;
  }

 private:
  Result<void> evaluate(std::string_view script) {
    const bool done = duk_peval_lstring(heap_, script.data(), script.size()) == 0;
    const std::string error = done ? "" : duk_safe_to_string(heap_, -1);
    duk_pop(heap_);
    if (!done) return Failure(ErrorCode::kInternal, "the figures' script does not run: " + error);
    return {};
  }

  Budget budget_;
  duk_context* heap_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<FigureDrawer>> FigureDrawer::start() {
  auto drawer = std::make_unique<DuktapeDrawer>();
  RW_TRY(drawer->load());
  return std::unique_ptr<FigureDrawer>(std::move(drawer));
}

}  // namespace rw
