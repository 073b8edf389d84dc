// rangewatch listen pcap: packets of a network device into the lake, and into a recording where one is wanted.
#include "ingest/listen.h"

#include <csignal>

#include "base/quantity.h"
#include "command.h"
#include "flags.h"
#include "listing.h"
#include "open_lake.h"

namespace rw {
namespace {

constexpr Flag kRecord{.name = "record",
                       .value = "FILE",
                       .doc = "keep the packets too, as a capture file (pcap); an existing one is replaced"};
constexpr Flag kDuration{
    .name = "duration", .value = "TIME", .doc = "stop after this; without, SIGINT (Ctrl-C) or SIGTERM end it"};
constexpr Flag kCommitEvery{.name = "commit-every",
                            .value = "TIME",
                            .doc = "make rows durable and visible this often; at most 30s",
                            .preset = "10s"};
constexpr Flag kRing{
    .name = "ring", .value = "SIZE", .doc = "kernel memory for packets that wait to be read", .preset = "64Mi"};
constexpr Flag kSensor{.name = "sensor", .value = "NAME", .doc = "who saw the packets; default the device's name"};
constexpr Flag kActive{.name = "active-timeout",
                       .value = "TIME",
                       .doc = "a flow that goes on is told in pieces of at most this",
                       .preset = "1min"};
constexpr Flag kIdle{
    .name = "idle-timeout", .value = "TIME", .doc = "and it ends after this much silence", .preset = "30s"};

volatile std::sig_atomic_t stop_asked = 0;
void on_signal(int) { stop_asked = 1; }

// SIGINT and SIGTERM ask for an end, so that what is open is told and committed; a second one kills as usual.
void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // without SA_RESTART: waiting ends at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

struct Wanted {
  ListenOptions listen;
  CaptureDeviceOptions device;
};

Result<Wanted> wanted_of(const Arguments& args) {
  constexpr std::uint64_t kMostRing = std::uint64_t{4} << 30;  // the kernel counts its bytes in 32 bits
  Wanted wanted;
  if (args.has(kDuration)) {
    RW_ASSIGN(wanted.listen.duration, args.duration(kDuration));
  }
  RW_ASSIGN(wanted.listen.commit_every, args.duration(kCommitEvery));
  if (wanted.listen.commit_every.us <= 0 || wanted.listen.commit_every > ListenOptions::kMostBetweenCommits)
    return Failure(ErrorCode::kUsage, "'--commit-every' must be above 0 and at most 30s");
  RW_ASSIGN(const std::uint64_t ring, args.size_bytes(kRing));
  if (ring < (std::uint64_t{2} << 20) || ring >= kMostRing)
    return Failure(ErrorCode::kUsage, "'--ring' must be at least 2Mi and below 4Gi");
  wanted.device.ring_bytes = ring;
  RW_ASSIGN(wanted.listen.decode.active_timeout, args.duration(kActive));
  RW_ASSIGN(wanted.listen.decode.idle_timeout, args.duration(kIdle));
  if (wanted.listen.decode.active_timeout < kSecond || wanted.listen.decode.idle_timeout < kSecond)
    return Failure(ErrorCode::kUsage, "'--active-timeout' and '--idle-timeout' must be at least 1s");
  wanted.listen.decode.sensor = args.get(kSensor);
  return wanted;
}

std::int64_t rows_of(const Emitter::Counts& counts, std::string_view table) {
  const auto it = counts.rows.find(table);
  return it == counts.rows.end() ? 0 : static_cast<std::int64_t>(it->second);
}

std::int64_t sum_of(const std::map<std::string, std::uint64_t, std::less<>>& counts) {
  std::uint64_t total = 0;
  for (const auto& [name, n] : counts) total += n;
  return static_cast<std::int64_t>(total);
}

std::vector<Value> commit_row(const ListenCommit& commit) {
  const auto whole = [](std::uint64_t n) { return Value(static_cast<std::int64_t>(n)); };
  return {Value(commit.time),
          whole(commit.packets),
          whole(commit.bytes),
          whole(commit.dropped),
          Value(rows_of(commit.counts, "flows")),
          Value(rows_of(commit.counts, "dns")),
          Value(sum_of(commit.counts.weird))};
}

std::string counted(std::uint64_t n) { return group_thousands(static_cast<std::int64_t>(n)); }

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const Wanted wanted, wanted_of(args));
  RW_ASSIGN(const auto device, CaptureDevice::open(args.positionals().front(), wanted.device));
  std::unique_ptr<CaptureFileWriter> record;
  if (args.has(kRecord)) {
    RW_ASSIGN(record,
              CaptureFileWriter::create(std::string(args.get(kRecord)), device->link_type(), wanted.device.snap_bytes));
  }
  LakeOptions lake_options;
  lake_options.create = true;
  lake_options.write = true;
  RW_ASSIGN(const auto lake, open_lake(args, lake_options));
  catch_signals();
  console.note("listening on " + device->name() + "; Ctrl-C ends it");

  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"time", "", false},
                {"packets", "", false},
                {"bytes", "bytes", false},
                {"dropped", "", false},
                {"flows", "", false},
                {"dns", "", false},
                {"weird", "", false}});
  ListenHooks hooks;
  hooks.stop = [] { return stop_asked != 0; };
  hooks.committed = [&](const ListenCommit& commit) {
    if (commit.dropped > 0)
      console.note("the kernel dropped " + counted(commit.dropped) +
                   " packets that were not read in time; a larger --ring helps against bursts");
    (void)writer.add(commit_row(commit));
    (void)console.flush();
  };
  RW_ASSIGN(const ListenCommit total, listen(*lake, *device, record.get(), wanted.listen, hooks));
  writer.finish();
  console.note(
      counted(total.packets) + " packets, " + counted(total.dropped) + " dropped; " +
      counted(static_cast<std::uint64_t>(rows_of(total.counts, "flows"))) + " flows, " +
      counted(static_cast<std::uint64_t>(rows_of(total.counts, "dns"))) + " dns" +
      (record ? "; recorded " + counted(record->bytes()) + " bytes into " + std::string(args.get(kRecord)) : ""));
  return 0;
}

constexpr const Flag* kFlags[] = {&kRecord, &kDuration, &kCommitEvery,   &kRing,        &kSensor,
                                  &kActive, &kIdle,     &flags::kFormat, &flags::kLake, &flags::kMemory};
constexpr Positional kPositionals[] = {
    {.name = "DEVICE", .doc = "a network device of this machine, such as eth0", .required = true}};
constexpr std::string_view kExamples[] = {
    "rangewatch listen pcap eth0 --lake /srv/lake",
    "rangewatch listen pcap eth0 --record today.pcap --duration 5min --format ndjson"};

}  // namespace

extern constinit const Command kListenPcapCommand{
    .name = "listen pcap",
    .summary = "take packets from a network device into the lake as they come",
    .examples = kExamples,
    .doc =
        "Packets are read as those of a capture file are: flows, DNS messages, names. One line for each commit that "
        "brought something says what it was. Packets that the kernel had to drop because they were not read in time "
        "are counted, told, and never hidden in a total. Queries and detectors may run beside it.\n\n"
        "Needs the capability CAP_NET_RAW: root, or once 'setcap cap_net_raw+ep' on the program.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
