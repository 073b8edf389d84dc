// What an input format is, and the list of them. A format is one .cpp file that defines one `extern constinit const
// Format` and one line in formats.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "model/emitter.h"

namespace rw {

// What a person says about lists, which say too little of themselves.
struct ListOptions {
  std::string purpose;            // one of kListPurposes; empty: what the format says, else the list is not read
  std::string name;               // empty: the list's own, else the input's
  std::optional<Timestamp> date;  // of the snapshot; empty: the list's own
  Timestamp read{};               // the date of lists without any: one for all inputs of an ingest
};
inline constexpr std::array<std::string_view, 8> kListPurposes = {"threat", "tor",   "hosting", "cdn",
                                                                  "vpn",    "proxy", "pool",    "content"};

struct DecodeOptions {
  Duration active_timeout =
      Duration::seconds(1800);  // a flow that goes on is told in pieces of at most this (as softflowd, nfdump)
  Duration idle_timeout = Duration::seconds(60);  // and ends after this much silence (TCP and UDP alike)
  std::size_t max_flows = 1 << 20;  // flows held open at once: beyond it the oldest is told early (bounds memory)
  bool dpi = true;                  // ask nDPI about flows of captures
  std::string sensor;               // name for records whose input names none; empty: derived from the input
  ListOptions list;
};

// State that outlives one input of an ingest, such as flow-export templates. Created on first use by the format that
// owns it.
class SharedState {
 public:
  class Part {
   public:
    virtual ~Part() = default;
  };
  // The part called `key`, made on first use.
  template <typename T>
  T& get(std::string_view key) {
    auto it = parts_.find(key);
    if (it == parts_.end()) it = parts_.emplace(std::string(key), std::make_unique<T>()).first;
    return static_cast<T&>(*it->second);
  }

 private:
  std::map<std::string, std::unique_ptr<Part>, std::less<>> parts_;
};

// Opens bytes that an input carries inside (attachments of mail), as src/source opens files: compression and archives
// are taken off, within bounds of their own. Formats do not depend on src/source; src/ingest fills this in.
class ContentOpener {
 public:
  struct Visitor {
    // `stream` lives during the call. A failure stops the walk and is what open() returns.
    std::function<Result<void>(const std::string& name, ByteStream& stream)> content;
    // What could not be opened, a member of an archive too: the walk goes on.
    std::function<void(const std::string& name, const Error& error)> unreadable;
  };
  virtual ~ContentOpener() = default;
  virtual Result<void> open(const std::string& name, Bytes content, const Visitor& visitor) = 0;
};

// Which reports were taken before, by this ingest or an earlier one: receivers send a report twice, and people export a
// mailbox twice. What identifies a report is its format's to say (format/report_rows.h).
class ReportMemory {
 public:
  virtual ~ReportMemory() = default;
  // How many of its rows, from the first, are in the store; 0 where it is new. A failure of the store shows at commit.
  virtual std::uint64_t taken(std::string_view identity) = 0;
  // Its first `rows` rows are taken now; `begins` is the row time after which a `drop` forgets it.
  virtual void take(std::string_view identity, std::uint64_t rows, Timestamp begins) = 0;
};

struct DecodeContext {
  StreamReader& input;
  Emitter& emitter;
  SharedState& shared;
  const DecodeOptions& options;
  ContentOpener* opener = nullptr;  // null: attachments are read only where they are neither compressed nor archived
  ReportMemory* reports = nullptr;  // null: every report is new
};

struct Format {
  std::string_view name;    // what --format takes: "pcap", "zeek-tsv"
  std::string_view title;   // "Packet capture (pcap)"
  std::string_view tables;  // which tables it fills: "flows, dns, dns_answers, tls"
  std::string_view doc;     // what is read, what is not, one paragraph
  // How sure the first bytes make it that this is the format: 0 not, 100 certain. `head` holds at least 4 KiB unless
  // the input is shorter. `name` is the input's name, a hint at most.
  int (*detect)(Bytes head, std::string_view name);
  // Reads to the end. Bad records go to emitter.weird and reading goes on; a failure means that nothing after
  // input.offset() could be read, and everything emitted so far stands.
  Result<void> (*decode)(DecodeContext& context);
};

std::span<const Format* const> formats();
const Format* find_format(std::string_view name);
// The surest format for these first bytes, or null.
const Format* detect_format(Bytes head, std::string_view name);

}  // namespace rw
