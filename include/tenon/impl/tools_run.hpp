#pragma once

#include "tenon/tools/command_run.hpp"
#include "tenon/tools/folder.hpp"
#include "tenon/tools/model_outputs.hpp"

namespace tenon::inline v0::tools {

TENON_INLINE result<std::string> run_command::operator()() const {
  TENON_TRY(auto opened, open_model(model));
  TENON_TRY(const auto values, read_inputs(declared_inputs::of(opened.model), inputs));
  if (!output_dir.empty()) {
    TENON_TRY(make_folder(output_dir));
    TENON_TRY(check_output_file(output_dir + "/.probe"));
  }
  TENON_TRY(const auto outputs, opened.session.run_positional(values));
  if (!output_dir.empty()) TENON_TRY(write_outputs(opened.model, outputs, output_dir));
  std::string out;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    out += cat(printable_name(opened.model.output_name(i)), ": ", outputs.value(i).str(), "\n");
  return out;
}

}  // namespace tenon::inline v0::tools
