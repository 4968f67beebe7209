// The text inside of a gzip file (RFC 1952), readable at any place as if it were the file itself.
//
// Reading forward inflates each byte once; going back beyond the window that is kept begins anew.
// Thread contract: one owner.
#pragma once

#include <memory>

#include "base/env/env.h"

namespace kansoku::pipeline::filelog {

// Inflates all of it once, to know its size and that it is whole; an error where it is not (yet).
// info() is that of the packed file with the size of the text; it is not writable.
Result<std::unique_ptr<env::File>> open_gzip(std::unique_ptr<env::File> packed);

}  // namespace kansoku::pipeline::filelog
