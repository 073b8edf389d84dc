// Payloads on their way to nDPI's thread, and its verdicts on their way into rows.
#include "format/dpi.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

namespace rw {
namespace {

// The packet as the library gets it: an IP header of its own, then the transport header and the beginning of the
// payload, then the zeros that stand where it reads ahead.
class PlainPacket {
 public:
  explicit PlainPacket(const Packet& packet)
      : packet_(packet), carried_(packet.ip_payload.first(std::min(packet.ip_payload.size(), 60 + Dpi::kMaxPayload))) {}

  static constexpr std::size_t kMaxSize = 40 + 60 + Dpi::kMaxPayload;
  std::size_t size() const { return header_size() + carried_.size(); }

  // Writes size() bytes and kSlack zeros.
  void write(unsigned char* out) const {
    const std::size_t header = header_size();
    std::memset(out, 0, header);
    if (header == 20) {  // RFC 791 3.1
      out[0] = 0x45;
      put16(out + 2, size());
      out[8] = 64;
      out[9] = packet_.proto;
      const std::uint32_t src = packet_.src.v4_bits(), dst = packet_.dst.v4_bits();
      put16(out + 12, src >> 16), put16(out + 14, src), put16(out + 16, dst >> 16), put16(out + 18, dst);
    } else {  // RFC 8200 3
      out[0] = 0x60;
      put16(out + 4, carried_.size());
      out[6] = packet_.proto;
      out[7] = 64;
      put64(out + 8, packet_.src.hi), put64(out + 16, packet_.src.lo);
      put64(out + 24, packet_.dst.hi), put64(out + 32, packet_.dst.lo);
    }
    std::memcpy(out + header, carried_.data(), carried_.size());
    std::memset(out + size(), 0, DpiEngine::kSlack);
    if (packet_.proto == ip_proto::kUdp && carried_.size() >= 8) put16(out + header + 4, carried_.size());  // RFC 768
  }

 private:
  std::size_t header_size() const { return packet_.src.is_v4() && packet_.dst.is_v4() ? 20 : 40; }
  static void put16(unsigned char* at, std::size_t value) {
    at[0] = static_cast<unsigned char>(value >> 8);
    at[1] = static_cast<unsigned char>(value);
  }
  static void put64(unsigned char* at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) at[i] = static_cast<unsigned char>(value >> (56 - 8 * i));
  }

  const Packet& packet_;
  Bytes carried_;
};

// What the library is told: `size` bytes of packet and the slack follow, or nothing where the flow ends.
struct Told {
  DpiVerdict* verdict;
  std::uint64_t ms;
  std::size_t size;
};

constexpr std::size_t aligned(std::size_t size) { return (size + alignof(Told) - 1) & ~(alignof(Told) - 1); }
constexpr std::size_t room_for(std::size_t packet) {
  return sizeof(Told) + (packet == 0 ? 0 : aligned(packet + DpiEngine::kSlack));
}
static_assert(room_for(PlainPacket::kMaxSize) <= Dpi::kBatchBytes);

}  // namespace

// The thread and the queue to it. All but run() is called by the decoder.
class Dpi::Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_.notify_one();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void look(DpiVerdict& verdict, Timestamp time, const PlainPacket& packet) {
    unsigned char* out = put({&verdict, static_cast<std::uint64_t>(time.us / 1000), packet.size()});
    packet.write(out);
  }
  void ends(DpiVerdict& verdict) { put({&verdict, 0, 0}); }

  // Until the library has seen all that it was told so far.
  void wait_for_all() {
    hand_over();
    std::unique_lock lock(mutex_);
    progress_.wait(lock, [this] { return done_ == handed_; });
  }
  // Until the end of the verdict's flow was seen.
  void wait_for(const DpiVerdict& verdict) {
    if (verdict.closed()) return;
    hand_over();
    std::unique_lock lock(mutex_);
    progress_.wait(lock, [&] { return verdict.closed(); });
  }

  // Verdicts hold what it gives names to.
  const DpiEngine& engine() const { return engine_; }

 private:
  struct Batch {
    std::size_t used = 0;
    alignas(Told) std::array<unsigned char, kBatchBytes> bytes;
  };

  unsigned char* put(const Told& told) {
    const std::size_t room = room_for(told.size);
    if (filling_ != nullptr && filling_->used + room > kBatchBytes) hand_over();
    if (filling_ == nullptr) filling_ = empty_batch();
    unsigned char* at = filling_->bytes.data() + filling_->used;
    std::memcpy(at, &told, sizeof told);
    filling_->used += room;
    return at + sizeof told;
  }

  Batch* empty_batch() {
    std::unique_lock lock(mutex_);
    if (empty_.empty() && batches_.size() < kMaxBatches) {
      batches_.push_back(std::unique_ptr<Batch>(new Batch));  // not make_unique: that would write 64 KiB of zeros
      return batches_.back().get();
    }
    progress_.wait(lock, [this] { return !empty_.empty(); });
    Batch* batch = empty_.back();
    empty_.pop_back();
    batch->used = 0;
    return batch;
  }

  void hand_over() {
    if (filling_ == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      full_.push_back(filling_);
      ++handed_;
    }
    filling_ = nullptr;
    work_.notify_one();
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return stop_ || !full_.empty(); });
      if (stop_) return;
      Batch* batch = full_.front();
      full_.pop_front();
      lock.unlock();
      work(*batch);
      lock.lock();
      empty_.push_back(batch);
      ++done_;
      progress_.notify_one();
    }
  }

  void work(const Batch& batch) {
    for (std::size_t at = 0; at < batch.used;) {
      Told told;
      std::memcpy(&told, batch.bytes.data() + at, sizeof told);
      if (told.size > 0)
        engine_.look(*told.verdict, told.ms, batch.bytes.data() + at + sizeof told, told.size);
      else
        engine_.ends(*told.verdict);
      at += room_for(told.size);
    }
  }

  DpiEngine engine_;  // of the thread
  std::mutex mutex_;
  std::condition_variable work_, progress_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::vector<Batch*> empty_;
  std::deque<Batch*> full_;
  std::uint64_t handed_ = 0, done_ = 0;
  bool stop_ = false;
  Batch* filling_ = nullptr;  // of the decoder
  std::thread thread_;        // last: it uses the others
};

Dpi::Dpi(FlowAssembler& flows, Emitter& emitter) : flows_(flows), emitter_(emitter) { flows_.set_labels(this); }

Dpi::~Dpi() { flows_.set_labels(nullptr); }

void Dpi::look(OpenFlow& flow, Timestamp time, const Packet& packet) {
  if (packet.ip_payload.empty()) return;
  if (flow.dpi_state == OpenFlow::kDpiNew) {
    if (!worker_) worker_ = std::make_unique<Worker>();
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(verdicts_.size()));
      verdicts_.emplace_back();
    }
    flow.dpi = free_.back();
    free_.pop_back();
    verdicts_[flow.dpi].clear();
    flow.dpi_state = OpenFlow::kDpiAsked;
  }
  DpiVerdict& verdict = verdicts_[flow.dpi];
  // The library may know already, or be about to. What it gets too many of it ignores: that saves only copies.
  if (verdict.settled()) {
    flow.dpi_state = OpenFlow::kDpiTold;
    return;
  }
  worker_->look(verdict, time, PlainPacket(packet));
  if (++flow.dpi_packets >= DpiEngine::kMaxPackets) flow.dpi_state = OpenFlow::kDpiTold;
}

void Dpi::flow_ends(const OpenFlow& flow) {
  if (flow.dpi_state != OpenFlow::kDpiNew) worker_->ends(verdicts_[flow.dpi]);
}

// The row of a flow that goes on has what is known by now. Rare: most flows are decided long before.
void Dpi::label_piece(OpenFlow& row) {
  if (row.dpi_state == OpenFlow::kDpiNew) return;
  const DpiVerdict& verdict = verdicts_[row.dpi];
  if (!verdict.settled()) worker_->wait_for_all();
  row.dpi = OpenFlow::kNone;
  row.dpi_state = OpenFlow::kDpiNew;
  if (verdict.settled()) take(row, verdict);
}

void Dpi::label(OpenFlow& row) {
  if (row.dpi_state == OpenFlow::kDpiNew || row.dpi_state == OpenFlow::kDpiLabelled) return;
  const std::uint32_t place = row.dpi;
  DpiVerdict& verdict = verdicts_[place];
  worker_->wait_for(verdict);
  if (verdict.refused) emitter_.weird("dpi-limit");
  if (verdict.unavailable && !told_unavailable_) {
    told_unavailable_ = true;
    emitter_.weird("dpi-unavailable", DpiEngine::failure());
  }
  row.dpi = OpenFlow::kNone;
  take(row, verdict);
  free_.push_back(place);
}

void Dpi::take(OpenFlow& row, const DpiVerdict& verdict) {
  row.dpi_state = OpenFlow::kDpiLabelled;
  row.dpi_risks = verdict.risks;
  if (!verdict.named) return;
  const std::uint64_t key = std::uint64_t{verdict.master} << 32 | std::uint64_t{verdict.app} << 16 | verdict.category;
  const auto [at, fresh] = labels_.try_emplace(key, 0);
  if (fresh) {
    DpiEngine::Names names = worker_->engine().names(verdict);
    at->second = flows_.add_dpi_label({std::move(names.protocol), std::move(names.category)});
  }
  row.dpi = at->second;
}

}  // namespace rw
