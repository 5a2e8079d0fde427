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

inline status write_value(atomic_file& out, const datum& value) {
  if (value.is_tensor()) return write_npy(out, value.as_tensor());
  std::vector<tensor> items;
  for (const datum& item : value.items()) {
    if (!item.is_tensor())
      return fail(code::unsupported, "a sequence of ", item.str(), " cannot be written as .npz");
    items.push_back(item.as_tensor());
  }
  TENON_TRY(const std::string content, npz_sequence_bytes(items));
  return out.write(content);
}

/// A file that holds the value and waits for its commit.
inline result<atomic_file> finished_file(std::string_view path, const datum& value) {
  TENON_TRY(atomic_file out, atomic_file::create(path));
  TENON_TRY(write_value(out, value));
  TENON_TRY(out.finish());
  return out;
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
    const std::string_view suffix = value.is_tensor() ? ".npy" : ".npz";
    const std::string stem = file_name_of(m.output_name(i));
    std::string name = cat(stem, suffix);
    for (int n = 2; !taken.insert(name).second; ++n) name = cat(stem, "_", n, suffix);
    auto file = outputs_detail::finished_file(cat(folder, "/", name), value);
    if (!file) return std::move(file).failure().in(cat("output ", quoted(m.output_name(i))));
    files.push_back(*std::move(file));
  }
  for (atomic_file& file : files) TENON_TRY(file.commit());
  return {};
}

}  // namespace tenon::inline v0::tools
