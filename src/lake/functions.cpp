// The scalar functions.
#include "lake/functions.h"

#include "enrich/services.h"
#include "lake/range_table.h"

namespace rw {
namespace {

using duck::Chunk;
using duck::ScalarOutput;
using duck::Type;

bool any_null(const Chunk& arguments, std::size_t row) {
  for (const duck::Vector& v : arguments.columns)
    if (v.is_null(row)) return true;
  return false;
}

Ip address_at(const Chunk& arguments, std::size_t row) {
  return {arguments.columns[0].values<std::uint64_t>()[row], arguments.columns[1].values<std::uint64_t>()[row]};
}

}  // namespace

duck::ScalarFunction ip_text_function() {
  return {"ip_text", {Type::kU64, Type::kU64}, Type::kText, [](const Chunk& in, ScalarOutput& out) {
            for (std::size_t i = 0; i < in.rows; ++i) {
              if (any_null(in, i))
                out.set_null(i);
              else
                out.set_text(i, address_at(in, i).to_string());
            }
          }};
}

duck::ScalarFunction port_service_function() {
  return {"port_service", {Type::kU8, Type::kU16, Type::kU16}, Type::kText, [](const Chunk& in, ScalarOutput& out) {
            const auto* proto = in.columns[0].values<std::uint8_t>();
            const auto* src_port = in.columns[1].values<std::uint16_t>();
            const auto* dst_port = in.columns[2].values<std::uint16_t>();
            for (std::size_t i = 0; i < in.rows; ++i) {
              const std::string_view name =
                  any_null(in, i) ? std::string_view() : port_service(proto[i], src_port[i], dst_port[i]);
              if (name.data() == nullptr)
                out.set_null(i);
              else
                out.set_text(i, name);
            }
          }};
}

duck::ScalarFunction label_function(std::string name, std::shared_ptr<const LabelSet> set, bool at_time) {
  auto table = std::make_shared<const RangeTable>(*set);
  std::vector<Type> parameters{Type::kU64, Type::kU64};
  if (at_time) parameters.push_back(Type::kI64);
  return {std::move(name), std::move(parameters), Type::kText,
          [table = std::move(table), set = std::move(set), at_time](const Chunk& in, ScalarOutput& out) {
            const auto* times = at_time ? in.columns[2].values<std::int64_t>() : nullptr;
            Ip last_ip;
            std::int32_t last = -1;
            bool known = false;
            for (std::size_t i = 0; i < in.rows; ++i) {
              if (any_null(in, i)) {
                out.set_null(i);
                continue;
              }
              const Ip ip = address_at(in, i);
              if (at_time)
                last = table->find(ip, Timestamp{times[i]});
              else if (!known || ip != last_ip)
                last = table->find(ip);  // files are sorted: runs of one address
              last_ip = ip;
              known = true;
              if (last < 0)
                out.set_null(i);
              else
                out.set_text(i, set->ranges[static_cast<std::size_t>(last)].label);
            }
          }};
}

duck::ScalarFunction member_function(std::string name, const std::vector<Prefix>& prefixes) {
  LabelSet set;
  for (const Prefix& prefix : prefixes) set.ranges.push_back({prefix.first(), prefix.last(), kAllTime, {}});
  auto table = std::make_shared<const RangeTable>(set);
  return {std::move(name),
          {Type::kU64, Type::kU64},
          Type::kBool,
          [table = std::move(table)](const Chunk& in, ScalarOutput& out) {
            auto* result = static_cast<bool*>(out.data());
            for (std::size_t i = 0; i < in.rows; ++i) {
              if (any_null(in, i))
                out.set_null(i);
              else
                result[i] = table->find(address_at(in, i)) >= 0;
            }
          }};
}

}  // namespace rw
