#pragma once

#include "tenon/core/result.hpp"
#include "tenon/ir/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tenon::inline v0::pt2 {

/// How an exported program is read.
struct import_options {
  std::string name = "memory";                           ///< of a program in memory, for messages
  std::int64_t max_dense_bytes = std::int64_t{1} << 30;  ///< of a weight that repeats its bytes
};

}  // namespace tenon::inline v0::pt2

namespace tenon::inline v0 {

/// Reads what torch.export.save (torch 2.8 or newer) wrote; stored weights stay in the mapped file.
result<ir::graph> load_torch(std::string_view path, const pt2::import_options& options = {});

/// Reads an exported program from memory, which may be freed afterwards.
result<ir::graph> load_torch(std::span<const std::byte> bytes,
                             const pt2::import_options& options = {});

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/torch_import.hpp"
#endif
