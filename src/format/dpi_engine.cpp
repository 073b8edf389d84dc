// The adapter for nDPI: the only file that knows its headers.
#include "format/dpi_engine.h"

#include <dlfcn.h>
#define NDPI_LIB_COMPILATION  // shows the module's structure: see Module::forget
#include <ndpi_api.h>

#include <cctype>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>

namespace rw {
namespace {

#define RW_NDPI_FUNCTIONS(F)              \
  F(ndpi_init_detection_module)           \
  F(ndpi_set_protocol_detection_bitmask2) \
  F(ndpi_finalize_initialization)         \
  F(ndpi_detection_process_packet)        \
  F(ndpi_detection_giveup)                \
  F(ndpi_extra_dissection_possible)       \
  F(ndpi_free_flow_data)                  \
  F(ndpi_get_proto_name)                  \
  F(ndpi_category_get_name)               \
  F(ndpi_lru_free_cache)                  \
  F(ndpi_get_num_supported_protocols)     \
  F(ndpi_detection_get_sizeof_ndpi_flow_struct)

struct Library {
#define RW_MEMBER_OF(name) decltype(&::name) name = nullptr;
  RW_NDPI_FUNCTIONS(RW_MEMBER_OF)
#undef RW_MEMBER_OF
  std::string failure;
};

// Beside the program, as built or as installed, and nowhere else.
void* open_library(std::string& failure) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  failure = "libndpi.so.4.2 is not beside the program, in lib/ or ../lib/rangewatch/";
  if (error) return nullptr;
  for (const char* place : {"lib", "../lib/rangewatch"}) {
    const std::filesystem::path path = program.parent_path() / place / "libndpi.so.4.2";
    if (!std::filesystem::exists(path, error)) continue;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) failure = dlerror();
    return library;
  }
  return nullptr;
}

const Library& ndpi() {
  static const Library loaded = [] {
    Library library;
    void* handle = open_library(library.failure);
    if (handle == nullptr) return library;
    library.failure.clear();
#define RW_FIND(name)                                                            \
  library.name = reinterpret_cast<decltype(library.name)>(dlsym(handle, #name)); \
  if (library.name == nullptr) library.failure = "the library lacks " #name;
    RW_NDPI_FUNCTIONS(RW_FIND)
#undef RW_FIND
    // Its structures are used directly: they must be those of the header.
    if (library.failure.empty() &&
        library.ndpi_detection_get_sizeof_ndpi_flow_struct() != sizeof(struct ndpi_flow_struct))
      library.failure = "the library is of another version than its header";
    return library;
  }();
  return loaded;
}

std::string lower(const char* text) {
  std::string out(text == nullptr ? "" : text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

// What the library learned from one input must not colour the next: an input's rows depend on nothing but the input.
// The module itself takes tens of milliseconds to make and is used again.
struct DpiEngine::Module {
  struct ndpi_detection_module_struct* ndpi = nullptr;

  void forget() {
    struct ndpi_detection_module_struct& m = *ndpi;
    for (struct ndpi_lru_cache** cache : {&m.ookla_cache, &m.bittorrent_cache, &m.zoom_cache, &m.stun_cache,
                                          &m.tls_cert_cache, &m.mining_cache, &m.msteams_cache}) {
      if (*cache != nullptr) rw::ndpi().ndpi_lru_free_cache(*cache);
      *cache = nullptr;
    }
  }

  static std::mutex mutex;
  // Never freed: they live as long as the process, and leak checkers find them here at its end.
  static std::vector<Module*>& idle() {
    static auto* const all = new std::vector<Module*>;
    return *all;
  }
  static Module* borrow() {
    const std::lock_guard lock(mutex);  // making one must not run in parallel
    if (!idle().empty()) {
      Module* module = idle().back();
      idle().pop_back();
      return module;
    }
    const Library& library = rw::ndpi();
    if (!library.failure.empty()) return nullptr;
    auto module = std::make_unique<Module>();
    module->ndpi = library.ndpi_init_detection_module(ndpi_no_prefs);
    if (module->ndpi == nullptr) return nullptr;
    NDPI_PROTOCOL_BITMASK all;
    NDPI_BITMASK_SET_ALL(all);
    library.ndpi_set_protocol_detection_bitmask2(module->ndpi, &all);
    library.ndpi_finalize_initialization(module->ndpi);
    if (library.ndpi_get_num_supported_protocols(module->ndpi) != module->ndpi->ndpi_num_supported_protocols)
      return nullptr;  // its structure is not that of the header
    return module.release();
  }
  static void give_back(Module* module) {
    module->forget();
    const std::lock_guard lock(mutex);
    idle().push_back(module);
  }
};
std::mutex DpiEngine::Module::mutex;

struct DpiEngine::State {
  struct ndpi_flow_struct flow;
  ndpi_protocol found;
  unsigned packets;
  unsigned named_after;  // so many of them; 0: no name yet
};

DpiEngine::DpiEngine() = default;

DpiEngine::~DpiEngine() {
  for (const auto& state : states_)
    if (state->packets > 0) ndpi().ndpi_free_flow_data(&state->flow);
  if (module_ != nullptr) Module::give_back(module_);
}

std::string DpiEngine::failure() { return ndpi().failure; }

// A place for the flow, or none: then the verdict is settled.
DpiEngine::State* DpiEngine::begin(DpiVerdict& verdict) {
  if (!tried_) {
    tried_ = true;
    module_ = Module::borrow();
  }
  if (module_ == nullptr || undecided_ >= kMaxFlows) {
    verdict.unavailable = module_ == nullptr;
    verdict.refused = !verdict.unavailable;
    verdict.status.store(DpiVerdict::kSettled, std::memory_order_release);
    return nullptr;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(states_.size()));
    states_.push_back(std::make_unique<State>());
  }
  verdict.state = free_.back();
  free_.pop_back();
  ++undecided_;
  State* state = states_[verdict.state].get();
  std::memset(static_cast<void*>(state), 0, sizeof *state);
  return state;
}

void DpiEngine::look(DpiVerdict& verdict, std::uint64_t ms, const unsigned char* packet, std::size_t size) {
  if (verdict.settled()) return;
  State* state = verdict.state != DpiVerdict::kNoState ? states_[verdict.state].get() : begin(verdict);
  if (state == nullptr) return;
  state->found =
      ndpi().ndpi_detection_process_packet(module_->ndpi, &state->flow, packet, static_cast<unsigned short>(size), ms);
  ++state->packets;
  const bool known =
      state->found.app_protocol != NDPI_PROTOCOL_UNKNOWN || state->found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
  if (known && state->named_after == 0) state->named_after = state->packets;
  const bool enough = known && state->packets >= state->named_after + kMaxExtra;
  const bool more = !known || ndpi().ndpi_extra_dissection_possible(module_->ndpi, &state->flow) != 0;
  if (!more || enough || state->packets >= kMaxPackets) settle(verdict);
}

void DpiEngine::ends(DpiVerdict& verdict) {
  if (!verdict.settled() && verdict.state != DpiVerdict::kNoState) settle(verdict);
  verdict.status.store(DpiVerdict::kClosed, std::memory_order_release);
}

void DpiEngine::settle(DpiVerdict& verdict) {
  State& state = *states_[verdict.state];
  const bool known =
      state.found.app_protocol != NDPI_PROTOCOL_UNKNOWN || state.found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
  std::uint8_t guessed = 0;
  if (!known) state.found = ndpi().ndpi_detection_giveup(module_->ndpi, &state.flow, 0, &guessed);
  const bool by_payload =
      state.flow.confidence == NDPI_CONFIDENCE_DPI || state.flow.confidence == NDPI_CONFIDENCE_DPI_CACHE;
  const ndpi_protocol found = state.found;
  const bool named = found.app_protocol != NDPI_PROTOCOL_UNKNOWN || found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
  verdict.risks = state.flow.risk;
  ndpi().ndpi_free_flow_data(&state.flow);
  state.packets = 0;
  free_.push_back(verdict.state);
  --undecided_;
  verdict.state = DpiVerdict::kNoState;
  verdict.named = named && by_payload && guessed == 0;
  verdict.master = found.master_protocol;
  verdict.app = found.app_protocol;
  verdict.category = static_cast<std::uint16_t>(found.category);
  verdict.status.store(DpiVerdict::kSettled, std::memory_order_release);
}

// "tls.google": the protocol that carries, then what it carries where that is another one. The library only reads
// tables here that do not change once its module is made.
DpiEngine::Names DpiEngine::names(const DpiVerdict& verdict) const {
  const auto name = [this](std::uint16_t id) { return lower(ndpi().ndpi_get_proto_name(module_->ndpi, id)); };
  const std::uint16_t master = verdict.master, app = verdict.app;
  Names out;
  out.protocol = master == NDPI_PROTOCOL_UNKNOWN ? name(app) : name(master);
  if (master != NDPI_PROTOCOL_UNKNOWN && app != NDPI_PROTOCOL_UNKNOWN && app != master) out.protocol += "." + name(app);
  if (verdict.category != NDPI_PROTOCOL_CATEGORY_UNSPECIFIED)
    out.category =
        lower(ndpi().ndpi_category_get_name(module_->ndpi, static_cast<ndpi_protocol_category_t>(verdict.category)));
  return out;
}

}  // namespace rw
