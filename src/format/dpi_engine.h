// The adapter for nDPI: a flow's packets in, what the library calls it out. It knows nothing of threads or of our
// flows.
//
//   DpiEngine engine;                          // cheap: the library is loaded with the first packet
//   DpiVerdict verdict;
//   engine.look(verdict, ms, bytes, size); …   // the packets of one flow
//   engine.ends(verdict);                      // and its end
//
// One thread at a time may call look() and ends(); another may read a verdict whose status says that it is settled, and
// call names() on what it found there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rw {

// What the library says of one flow. The fields stand once `status` is kSettled or kClosed.
struct DpiVerdict {
  static constexpr std::uint8_t kOpen = 0;
  static constexpr std::uint8_t kSettled = 1;  // nothing that follows changes it
  static constexpr std::uint8_t kClosed = 2;   // and nothing follows: the flow ended
  static constexpr std::uint32_t kNoState = UINT32_MAX;

  std::atomic<std::uint8_t> status{kOpen};
  bool named = false;        // else the three numbers mean nothing
  bool refused = false;      // too many flows were undecided: not asked
  bool unavailable = false;  // the library is not there
  std::uint16_t master = 0, app = 0, category = 0;
  std::uint32_t state = kNoState;  // of the engine
  std::uint64_t risks = 0;

  bool settled() const { return status.load(std::memory_order_acquire) != kOpen; }
  bool closed() const { return status.load(std::memory_order_acquire) == kClosed; }
  // For another flow, when nobody else knows of it.
  void clear() {
    status.store(kOpen, std::memory_order_relaxed);
    named = refused = unavailable = false;
    state = kNoState;
    risks = 0;
  }
};

class DpiEngine {
 public:
  static constexpr unsigned kMaxPackets = 8;
  static constexpr unsigned kMaxExtra = 3;  // after it has a name: what the other side answers shows more risks
  static constexpr std::size_t kMaxFlows = std::size_t{1} << 16;  // undecided at once
  static constexpr std::size_t kSlack = 64;  // zeros that must stand behind a packet: the library reads a little ahead

  DpiEngine();
  ~DpiEngine();
  DpiEngine(const DpiEngine&) = delete;
  DpiEngine& operator=(const DpiEngine&) = delete;

  // A packet from its IP header on. What follows a flow's verdict is ignored.
  void look(DpiVerdict& verdict, std::uint64_t ms, const unsigned char* packet, std::size_t size);
  // The flow ended: the verdict is what can be said now.
  void ends(DpiVerdict& verdict);

  struct Names {
    std::string protocol, category;  // "tls.google", "web"; empty: none
  };
  Names names(const DpiVerdict& verdict) const;
  // Why the library cannot be used; empty where it can.
  static std::string failure();

 private:
  struct State;
  struct Module;
  State* begin(DpiVerdict& verdict);
  void settle(DpiVerdict& verdict);

  Module* module_ = nullptr;  // borrowed from those that are kept for the whole process
  bool tried_ = false;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<std::uint32_t> free_;
  std::size_t undecided_ = 0;
};

}  // namespace rw
