// The adapter for nDPI: the only file that knows its headers.
#include "format/dpi.h"

#include <dlfcn.h>
#define NDPI_LIB_COMPILATION  // shows the module's structure: see Module::forget
#include <ndpi_api.h>

#include <algorithm>
#include <array>
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

// The packet as the library gets it: an IP header of its own, then the transport header and the beginning of the
// payload. It reads a few bytes ahead of what it has checked: zeros stand there.
struct PlainPacket {
  static constexpr std::size_t kMaxHeader = 40 + 60, kSlack = 64;
  alignas(8) std::array<unsigned char, kMaxHeader + Dpi::kMaxPayload + kSlack> bytes;
  std::size_t size = 0;

  void put16(std::size_t at, std::size_t value) {
    bytes[at] = static_cast<unsigned char>(value >> 8);
    bytes[at + 1] = static_cast<unsigned char>(value);
  }
  void put64(std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<unsigned char>(value >> (56 - 8 * i));
  }

  explicit PlainPacket(const Packet& packet) {
    const Bytes carried = packet.ip_payload.first(std::min(packet.ip_payload.size(), 60 + Dpi::kMaxPayload));
    const bool v4 = packet.src.is_v4() && packet.dst.is_v4();
    const std::size_t header = v4 ? 20 : 40;
    size = header + carried.size();
    std::memset(bytes.data(), 0, header);
    if (v4) {  // RFC 791 3.1
      bytes[0] = 0x45;
      put16(2, size);
      bytes[8] = 64;
      bytes[9] = packet.proto;
      const std::uint32_t src = packet.src.v4_bits(), dst = packet.dst.v4_bits();
      put16(12, src >> 16), put16(14, src), put16(16, dst >> 16), put16(18, dst);
    } else {  // RFC 8200 3
      bytes[0] = 0x60;
      put16(4, carried.size());
      bytes[6] = packet.proto;
      bytes[7] = 64;
      put64(8, packet.src.hi), put64(16, packet.src.lo), put64(24, packet.dst.hi), put64(32, packet.dst.lo);
    }
    std::memcpy(bytes.data() + header, carried.data(), carried.size());
    std::memset(bytes.data() + size, 0, std::min(kSlack, bytes.size() - size));
    if (packet.proto == ip_proto::kUdp && carried.size() >= 8) put16(header + 4, carried.size());  // RFC 768
  }
};

}  // namespace

// What the library learned from one input must not colour the next: an input's rows depend on nothing but the input.
// The module itself takes tens of milliseconds to make and is used again.
struct Dpi::Module {
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
std::mutex Dpi::Module::mutex;

struct Dpi::State {
  struct ndpi_flow_struct flow;
  ndpi_protocol found;
  unsigned packets;
  unsigned named_after;  // so many of them; 0: no name yet
};

Dpi::Dpi(FlowAssembler& flows, Emitter& emitter) : flows_(flows), emitter_(emitter) {}

Dpi::~Dpi() {
  for (const auto& state : states_)
    if (state->packets > 0) ndpi().ndpi_free_flow_data(&state->flow);
  if (module_ != nullptr) Module::give_back(module_);
}

Dpi::State* Dpi::begin(OpenFlow& flow) {
  if (!tried_) {
    tried_ = true;
    module_ = Module::borrow();
    if (module_ == nullptr) emitter_.weird("dpi-unavailable", ndpi().failure);
  }
  if (module_ == nullptr || undecided_ >= kMaxFlows) {
    if (module_ != nullptr) emitter_.weird("dpi-limit");
    flow.dpi_state = OpenFlow::kDpiSettled;
    return nullptr;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(states_.size()));
    states_.push_back(std::make_unique<State>());
  }
  flow.dpi = free_.back();
  free_.pop_back();
  ++undecided_;
  flow.dpi_state = OpenFlow::kDpiAsked;
  State* state = states_[flow.dpi].get();
  std::memset(static_cast<void*>(state), 0, sizeof *state);
  return state;
}

void Dpi::look(OpenFlow& flow, Timestamp time, const Packet& packet) {
  if (packet.ip_payload.empty()) return;
  State* state = flow.dpi_state == OpenFlow::kDpiAsked ? states_[flow.dpi].get() : begin(flow);
  if (state == nullptr) return;
  const PlainPacket plain(packet);
  state->found = ndpi().ndpi_detection_process_packet(module_->ndpi, &state->flow, plain.bytes.data(),
                                                      static_cast<unsigned short>(plain.size),
                                                      static_cast<std::uint64_t>(time.us / 1000));
  ++state->packets;
  const bool known =
      state->found.app_protocol != NDPI_PROTOCOL_UNKNOWN || state->found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
  if (known && state->named_after == 0) state->named_after = state->packets;
  const bool enough = known && state->packets >= state->named_after + kMaxExtra;
  const bool more = !known || ndpi().ndpi_extra_dissection_possible(module_->ndpi, &state->flow) != 0;
  if (!more || enough || state->packets >= kMaxPackets) settle(flow);
}

void Dpi::settle(OpenFlow& flow) {
  State& state = *states_[flow.dpi];
  const bool known =
      state.found.app_protocol != NDPI_PROTOCOL_UNKNOWN || state.found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
  std::uint8_t guessed = 0;
  if (!known) state.found = ndpi().ndpi_detection_giveup(module_->ndpi, &state.flow, 0, &guessed);
  const bool by_payload =
      state.flow.confidence == NDPI_CONFIDENCE_DPI || state.flow.confidence == NDPI_CONFIDENCE_DPI_CACHE;
  const ndpi_protocol found = state.found;
  const bool named = found.app_protocol != NDPI_PROTOCOL_UNKNOWN || found.master_protocol != NDPI_PROTOCOL_UNKNOWN;
  flow.dpi_risks = state.flow.risk;
  ndpi().ndpi_free_flow_data(&state.flow);
  state.packets = 0;
  free_.push_back(flow.dpi);
  --undecided_;
  flow.dpi_state = OpenFlow::kDpiSettled;
  flow.dpi = OpenFlow::kNone;
  if (named && by_payload && guessed == 0)
    flow.dpi = label(found.master_protocol, found.app_protocol, static_cast<std::uint16_t>(found.category));
}

// "tls.google": the protocol that carries, then what it carries where that is another one.
std::uint32_t Dpi::label(std::uint16_t master, std::uint16_t app, std::uint16_t category) {
  const std::uint64_t key = std::uint64_t{master} << 32 | std::uint64_t{app} << 16 | category;
  const auto [at, fresh] = labels_.try_emplace(key, 0);
  if (!fresh) return at->second;
  const auto name = [this](std::uint16_t id) { return lower(ndpi().ndpi_get_proto_name(module_->ndpi, id)); };
  std::string text = master == NDPI_PROTOCOL_UNKNOWN ? name(app) : name(master);
  if (master != NDPI_PROTOCOL_UNKNOWN && app != NDPI_PROTOCOL_UNKNOWN && app != master) text += "." + name(app);
  std::string group;
  if (category != NDPI_PROTOCOL_CATEGORY_UNSPECIFIED)
    group = lower(ndpi().ndpi_category_get_name(module_->ndpi, static_cast<ndpi_protocol_category_t>(category)));
  at->second = flows_.add_dpi_label({std::move(text), std::move(group)});
  return at->second;
}

}  // namespace rw
