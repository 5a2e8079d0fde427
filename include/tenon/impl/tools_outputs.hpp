#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/npy.hpp"
#include "tenon/formats/npz.hpp"
#include "tenon/tools/folder.hpp"
#include "tenon/tools/model_outputs.hpp"

#include <set>
#include <vector>

namespace tenon::inline v0::tools {

namespace outputs_detail {

inline result<std::string> bytes_of(const datum& value) {
  if (value.is_tensor()) return npy_bytes(value.as_tensor());
  std::vector<tensor> items;
  for (const datum& item : value.items()) {
    if (!item.is_tensor())
      return fail(code::unsupported, "a sequence of ", item.str(), " cannot be written as .npz");
    items.push_back(item.as_tensor());
  }
  return npz_sequence_bytes(items);
}

}  // namespace outputs_detail

TENON_INLINE status write_outputs(const model& m,
                                  const run_outputs& outputs,
                                  std::string_view folder) {
  TENON_TRY(make_folder(folder));
  std::vector<atomic_file> files;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const datum& value = outputs.value(i);
    if (!value) continue;
    const std::string where = cat("output ", quoted(m.output_name(i)));
    const std::string_view suffix = value.is_tensor() ? ".npy" : ".npz";
    const std::string stem = file_name_of(m.output_name(i));
    std::string name = cat(stem, suffix);
    for (int n = 2; !taken.insert(name).second; ++n) name = cat(stem, "_", n, suffix);
    auto content = outputs_detail::bytes_of(value);
    if (!content) return std::move(content).failure().in(where);
    auto file = atomic_file::create(cat(folder, "/", name));
    if (!file) return std::move(file).failure().in(where);
    auto written = file->write(*content);
    if (!written) return std::move(written).failure().in(where);
    files.push_back(*std::move(file));
  }
  for (atomic_file& file : files) TENON_TRY(file.commit());
  return {};
}

}  // namespace tenon::inline v0::tools
