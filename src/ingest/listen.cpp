// The loop of a live capture: wait for the ring, decode, commit when it is time.
#include "ingest/listen.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "format/traffic.h"
#include "ingest/domain_filler.h"

namespace rw {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Duration kPatience = Duration::milliseconds(200);  // between looks at the clock when nothing comes

// Rows go into the transaction that is open now.
class CurrentTransaction : public BatchSink {
 public:
  explicit CurrentTransaction(Lake& lake) : lake_(lake) {}
  Result<void> take(Batch&& batch) override {
    RW_TRY(open());
    return transaction_->take(std::move(batch));
  }
  Result<void> commit(const InputIdentity& identity, const Emitter::Counts& counts) {
    RW_TRY(open());
    const auto done = std::move(transaction_);
    return done->commit(identity, counts);
  }

 private:
  Result<void> open() {
    if (transaction_) return {};
    RW_ASSIGN(transaction_, lake_.begin_ingest());
    return {};
  }
  Lake& lake_;
  std::unique_ptr<IngestTransaction> transaction_;
};

using Tally = std::map<std::string, std::uint64_t, std::less<>>;

void subtract(Tally& from, const Tally& what) {
  for (const auto& [name, n] : what)
    if (const auto it = from.find(name); it != from.end() && (it->second -= n) == 0) from.erase(it);
}

class Listener {
 public:
  Listener(Lake& lake, CaptureDevice& device, CaptureFileWriter* record, const ListenOptions& options,
           const ListenHooks& hooks)
      : device_(device),
        record_(record),
        options_(options),
        hooks_(hooks),
        sink_(lake),
        filler_(sink_),
        emitter_(filler_, "device:" + device.name(), "pcap", Timestamp::now()),
        traffic_(options.decode, emitter_, shared_,
                 options.decode.sensor.empty() ? device.name() : options.decode.sensor) {}

  Result<ListenCommit> run();

 private:
  Result<void> packets(std::span<const DevicePacket> packets);
  Result<void> commit();

  CaptureDevice& device_;
  CaptureFileWriter* record_;
  const ListenOptions& options_;
  const ListenHooks& hooks_;
  SharedState shared_;
  CurrentTransaction sink_;
  DomainFiller filler_;
  Emitter emitter_;
  Traffic traffic_;
  ListenCommit total_;
  ListenCommit told_;  // of it, what commits before have told
};

Result<void> Listener::packets(std::span<const DevicePacket> packets) {
  if (record_ != nullptr) RW_TRY(record_->write(packets));
  std::array<CaptureRecord, Traffic::kBatch> records;
  while (!packets.empty()) {
    const std::size_t count = std::min(packets.size(), records.size());
    for (std::size_t i = 0; i < count; ++i) {
      const DevicePacket& packet = packets[i];
      records[i] = {packet.time,  device_.link_type(), packet.wire_length,
                    packet.frame, total_.packets,      total_.packets + 1};  // offsets count packets: there is no file
      ++total_.packets;
      total_.bytes += packet.wire_length;
    }
    traffic_.add({records.data(), count});
    packets = packets.subspan(count);
  }
  return emitter_.status();
}

Result<void> Listener::commit() {
  total_.time = Timestamp::now();
  total_.dropped = device_.counts().dropped;
  total_.counts = emitter_.counts();
  ListenCommit fresh = total_;
  fresh.packets -= told_.packets;
  fresh.bytes -= told_.bytes;
  fresh.dropped -= told_.dropped;
  subtract(fresh.counts.rows, told_.counts.rows);
  subtract(fresh.counts.weird, told_.counts.weird);
  subtract(fresh.counts.skipped, told_.counts.skipped);
  if (record_ != nullptr) RW_TRY(record_->flush());
  if (fresh.packets == 0 && fresh.dropped == 0 && fresh.counts.rows.empty()) return {};
  InputIdentity identity;  // without a hash: never known again
  identity.name = emitter_.source();
  identity.format = "pcap";
  identity.bytes = fresh.bytes;
  RW_TRY(sink_.commit(identity, fresh.counts));
  told_ = total_;
  if (hooks_.committed) hooks_.committed(fresh);
  return {};
}

Result<ListenCommit> Listener::run() {
  const auto now = [] { return Clock::now(); };
  const auto microseconds = [](Duration d) { return std::chrono::microseconds(d.us); };
  const auto start = now();
  const auto every = microseconds(std::min(options_.commit_every, ListenOptions::kMostBetweenCommits));
  auto committed = start;
  while (!(hooks_.stop && hooks_.stop()) && now() - start < microseconds(options_.duration)) {
    RW_TRY(device_.wait(kPatience, [this](std::span<const DevicePacket> some) { return packets(some); }));
    if (now() - committed < every) continue;
    traffic_.advance(Timestamp::now());
    RW_TRY(emitter_.flush());
    RW_TRY(commit());
    committed = now();
  }
  // What the kernel has taken by now is ours too: an open block is handed over when it is old enough.
  const auto end = now() + microseconds(kPatience);
  while (now() < end)
    RW_TRY(device_.wait(kPatience, [this](std::span<const DevicePacket> some) { return packets(some); }));
  traffic_.finish();
  RW_TRY(emitter_.finish());
  RW_TRY(commit());
  return total_;
}

}  // namespace

Result<ListenCommit> listen(Lake& lake, CaptureDevice& device, CaptureFileWriter* record, const ListenOptions& options,
                            const ListenHooks& hooks) {
  return Listener(lake, device, record, options, hooks).run();
}

}  // namespace rw
