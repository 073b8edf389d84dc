// Nmap's XML output, which masscan writes too.
#include <expat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "format/format.h"
#include "format/scan_rows.h"

namespace rw {
namespace {

constexpr std::size_t kMaxHostPorts = 65'536 * 2;  // every port of two transports
constexpr std::size_t kMaxScript = 1024;           // of a script's output that may be kept as a banner

std::string_view attribute(const char** attributes, std::string_view name) {
  for (; attributes[0] != nullptr; attributes += 2)
    if (attributes[0] == name) return attributes[1];
  return {};
}

// A document as its elements come. Only open ports and hosts with an address make rows.
class NmapReader {
 public:
  explicit NmapReader(DecodeContext& context) : context_(context), rows_(context, "nmap") {}
  ~NmapReader() { XML_ParserFree(parser_); }
  NmapReader(const NmapReader&) = delete;
  NmapReader& operator=(const NmapReader&) = delete;

  Result<void> run() {
    if (parser_ == nullptr) return Failure(ErrorCode::kInternal, "no memory for an XML parser");
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &NmapReader::on_start, &NmapReader::on_end);
    // No entity is ever needed: a document that declares some is an attack on its reader.
    XML_SetEntityDeclHandler(parser_, &NmapReader::on_entity);
    constexpr std::size_t kSlice = 64 << 10;
    for (;;) {
      Bytes bytes = context_.input.peek(1);
      if (bytes.size() > kSlice) bytes = bytes.first(kSlice);
      const bool end = bytes.empty();
      const auto status =
          XML_Parse(parser_, reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size()), end ? 1 : 0);
      if (status != XML_STATUS_OK) return damaged();
      context_.input.consume(bytes.size());
      if (!context_.emitter.status()) return {};
      if (end) break;
    }
    if (!context_.input.status()) return Failure(context_.input.status().error());
    return {};
  }

 private:
  struct Port {
    std::int64_t number = 0;
    std::string transport, service, product, version, device, os, banner;
    bool open = false;
  };

  Result<void> damaged() {
    const auto code = XML_GetErrorCode(parser_);
    const bool cut = context_.input.at_end();
    if (entity_) return Failure(ErrorCode::kCorrupt, "XML that declares entities is not read");
    if (cut && (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN || code == XML_ERROR_PARTIAL_CHAR)) {
      context_.emitter.weird("unfinished-xml");
      return context_.input.status() ? Result<void>() : Failure(context_.input.status().error());
    }
    return Failure(ErrorCode::kCorrupt, std::string("damaged XML: ") + XML_ErrorString(code));
  }

  static void on_start(void* self, const char* name, const char** attributes) {
    static_cast<NmapReader*>(self)->start(name, attributes);
  }
  static void on_end(void* self, const char* name) { static_cast<NmapReader*>(self)->end(name); }
  static void on_entity(void* self, const char*, int, const char*, int, const char*, const char*, const char*,
                        const char*) {
    auto* reader = static_cast<NmapReader*>(self);
    reader->entity_ = true;
    XML_StopParser(reader->parser_, XML_FALSE);
  }

  void start(std::string_view name, const char** attributes) {
    const auto take = [&](std::string& to, std::string_view key) {
      if (const std::string_view text = attribute(attributes, key); !text.empty()) to = text;
    };
    if (name == "nmaprun") {
      rows_.scanner(attribute(attributes, "scanner") == "masscan" ? "masscan" : "nmap");
      take(start_, "start");
    } else if (name == "host") {
      clear_host();
      host_begin_ = static_cast<std::uint64_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser_)));
      take(time_, "starttime");
      take(time_, "endtime");
    } else if (name == "address") {
      if (attribute(attributes, "addrtype") != "mac" && address_.empty()) take(address_, "addr");
    } else if (name == "hostname") {
      if (name_.empty()) take(name_, "name");
    } else if (name == "osmatch") {
      if (os_.empty()) take(os_, "name");
    } else if (name == "osclass") {
      if (device_.empty()) take(device_, "type");
    } else if (name == "port") {
      in_port_ = true;
      port_ = {};
      take(port_.transport, "protocol");
      if (!read_integer(attribute(attributes, "portid"), port_.number)) port_.number = -1;
    } else if (in_port_) {
      start_in_port(name, attributes);
    }
  }

  void start_in_port(std::string_view name, const char** attributes) {
    const auto take = [&](std::string& to, std::string_view key) {
      if (const std::string_view text = attribute(attributes, key); !text.empty()) to = text.substr(0, kMaxScript);
    };
    if (name == "state") {
      port_.open = attribute(attributes, "state") == "open";
    } else if (name == "service") {
      take(port_.service, "name");
      take(port_.product, "product");
      take(port_.version, "version");
      take(port_.os, "ostype");
      take(port_.device, "devicetype");
      take(port_.banner, "banner");  // masscan
      if (port_.banner.empty()) take(port_.banner, "extrainfo");
    } else if (name == "script" && attribute(attributes, "id") == "banner") {
      take(port_.banner, "output");
    }
  }

  void end(std::string_view name) {
    if (name == "port") {
      in_port_ = false;
      if (port_.open && ports_.size() < kMaxHostPorts) ports_.push_back(std::move(port_));
    } else if (name == "host") {
      emit_host();
      clear_host();
    }
  }

  void emit_host() {
    // A host that was cut off when the input was read before was not taken then.
    const std::uint64_t resume = context_.emitter.resume_offset();
    const auto end = static_cast<std::uint64_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser_)));
    context_.emitter.at(host_begin_ < resume && resume < end ? resume : host_begin_);
    ScanAnswer answer;
    answer.address = address_;
    answer.time = time_.empty() ? start_ : time_;
    answer.name = name_;
    for (const Port& port : ports_) {
      answer.port = port.number;
      answer.transport = port.transport;
      answer.service = port.service;
      answer.product = port.product;
      answer.version = port.version;
      answer.os = port.os.empty() ? std::string_view(os_) : std::string_view(port.os);
      answer.device = port.device.empty() ? std::string_view(device_) : std::string_view(port.device);
      answer.banner = port.banner;
      rows_.add(answer);
    }
    if (!ports_.empty() || (os_.empty() && device_.empty())) return;
    answer.os = os_;
    answer.device = device_;
    rows_.add(answer);
  }

  void clear_host() {
    address_.clear(), time_.clear(), name_.clear(), os_.clear(), device_.clear();
    ports_.clear();
    in_port_ = false;
  }

  DecodeContext& context_;
  ScanRows rows_;
  XML_Parser parser_ = XML_ParserCreate(nullptr);
  std::uint64_t host_begin_ = 0;
  bool entity_ = false;
  bool in_port_ = false;
  std::string start_, time_, address_, name_, os_, device_;
  Port port_;
  std::vector<Port> ports_;
};

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  return text.find("<nmaprun") != std::string_view::npos ? 95 : 0;
}

Result<void> decode(DecodeContext& context) { return NmapReader(context).run(); }

}  // namespace

extern constinit const Format kNmapXmlFormat{
    "nmap-xml",
    "Nmap or masscan results, XML",
    "scans",
    "nmap -oX and masscan -oX: open ports with the service, product, version and banner that were found, and the "
    "host's name, system and kind of device; a host without open ports is kept where its system was guessed. Documents "
    "that declare entities are refused.",
    detect,
    decode};

}  // namespace rw
