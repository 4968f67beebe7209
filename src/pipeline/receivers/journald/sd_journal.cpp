// JournalReader by libsystemd (sd-journal(3)).
//
// The library is opened by name when a journal is asked for: hosts without systemd have none, and
// only who reads a journal needs it.

#include <dlfcn.h>
#include <systemd/sd-journal.h>

#include <cstring>

#include "pipeline/receivers/journald/journal_reader.h"

namespace kansoku::pipeline::journald {
namespace {

// Of one field; the library cuts what is longer. PutLogEvents takes 1 MiB less 26 bytes.
constexpr size_t kFieldBytesMax = (1 << 20) - 26 + sizeof("MESSAGE=") - 1;
constexpr std::string_view kMessage = "MESSAGE";

// The functions that are used, found by name.
struct Library {
  decltype(&sd_journal_open) open = nullptr;
  decltype(&sd_journal_open_directory) open_directory = nullptr;
  decltype(&sd_journal_close) close = nullptr;
  decltype(&sd_journal_previous) previous = nullptr;
  decltype(&sd_journal_next) next = nullptr;
  decltype(&sd_journal_get_realtime_usec) get_realtime_usec = nullptr;
  decltype(&sd_journal_set_data_threshold) set_data_threshold = nullptr;
  decltype(&sd_journal_enumerate_available_data) enumerate_available_data = nullptr;
  decltype(&sd_journal_restart_data) restart_data = nullptr;
  decltype(&sd_journal_add_match) add_match = nullptr;
  decltype(&sd_journal_add_disjunction) add_disjunction = nullptr;
  decltype(&sd_journal_add_conjunction) add_conjunction = nullptr;
  decltype(&sd_journal_seek_head) seek_head = nullptr;
  decltype(&sd_journal_seek_tail) seek_tail = nullptr;
  decltype(&sd_journal_seek_cursor) seek_cursor = nullptr;
  decltype(&sd_journal_get_cursor) get_cursor = nullptr;
  decltype(&sd_journal_test_cursor) test_cursor = nullptr;
  decltype(&sd_journal_get_fd) get_fd = nullptr;
  decltype(&sd_journal_process) process = nullptr;
  decltype(&sd_journal_has_runtime_files) has_runtime_files = nullptr;
  decltype(&sd_journal_has_persistent_files) has_persistent_files = nullptr;

  // Loaded once a process; null where the library is missing or too old.
  static const Library* get() {
    static const std::unique_ptr<Library> loaded = load();
    return loaded.get();
  }

 private:
  static std::unique_ptr<Library> load() {
    void* handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return nullptr;
    auto out = std::make_unique<Library>();
    bool all = true;
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
      all = all && function != nullptr;
    };
    find(out->open, "sd_journal_open");
    find(out->open_directory, "sd_journal_open_directory");
    find(out->close, "sd_journal_close");
    find(out->previous, "sd_journal_previous");
    find(out->next, "sd_journal_next");
    find(out->get_realtime_usec, "sd_journal_get_realtime_usec");
    find(out->set_data_threshold, "sd_journal_set_data_threshold");
    find(out->enumerate_available_data, "sd_journal_enumerate_available_data");
    find(out->restart_data, "sd_journal_restart_data");
    find(out->add_match, "sd_journal_add_match");
    find(out->add_disjunction, "sd_journal_add_disjunction");
    find(out->add_conjunction, "sd_journal_add_conjunction");
    find(out->seek_head, "sd_journal_seek_head");
    find(out->seek_tail, "sd_journal_seek_tail");
    find(out->seek_cursor, "sd_journal_seek_cursor");
    find(out->get_cursor, "sd_journal_get_cursor");
    find(out->test_cursor, "sd_journal_test_cursor");
    find(out->get_fd, "sd_journal_get_fd");
    find(out->process, "sd_journal_process");
    find(out->has_runtime_files, "sd_journal_has_runtime_files");
    find(out->has_persistent_files, "sd_journal_has_persistent_files");
    if (!all) return nullptr;
    return out;
  }
};

// The library gives back negative error numbers.
Status checked(int result, std::string_view what) {
  if (result >= 0) return {};
  return unavailable("journal: {}: {}", what, std::strerror(-result));
}

class SdJournal final : public JournalReader {
 public:
  SdJournal(const Library& library, sd_journal* journal) : library_(library), journal_(journal) {}
  SdJournal(const SdJournal&) = delete;
  SdJournal& operator=(const SdJournal&) = delete;
  ~SdJournal() override { library_.close(journal_); }

  Status prepare(const JournalFilter& filter) {
    KANSOKU_RETURN_IF_ERROR(
        checked(library_.set_data_threshold(journal_, kFieldBytesMax), "limit of fields"));
    // From here on the library watches the folders; process() tells it to look.
    KANSOKU_RETURN_IF_ERROR(checked(library_.get_fd(journal_), "watch"));
    for (const Condition& condition : filter) {
      for (const Alternative& alternative : condition) {
        for (const auto& [field, value] : alternative) {
          const std::string match = field + "=" + value;
          Status added = checked(library_.add_match(journal_, match.data(), match.size()), match);
          // A name that no field can have.
          if (!added) return invalid_argument("no field of the journal: {}", quoted(match));
        }
        KANSOKU_RETURN_IF_ERROR(checked(library_.add_disjunction(journal_), "filter"));
      }
      KANSOKU_RETURN_IF_ERROR(checked(library_.add_conjunction(journal_), "filter"));
    }
    return {};
  }

  Status seek_head() override {
    skip_.clear();
    return checked(library_.seek_head(journal_), "seek to its beginning");
  }

  Result<std::string> seek_end() override {
    skip_.clear();
    KANSOKU_RETURN_IF_ERROR(checked(library_.seek_tail(journal_), "seek to its end"));
    const int moved = library_.previous(journal_);
    KANSOKU_RETURN_IF_ERROR(checked(moved, "seek to its end"));
    if (moved > 0) return cursor();
    KANSOKU_RETURN_IF_ERROR(seek_head());
    return std::string();
  }

  Status seek_after(const std::string& cursor) override {
    skip_ = cursor;
    return checked(library_.seek_cursor(journal_, cursor.c_str()), "seek to the saved place");
  }

  Result<bool> next() override {
    int moved = library_.next(journal_);
    if (moved > 0 && !skip_.empty()) {
      const int same = library_.test_cursor(journal_, skip_.c_str());
      skip_.clear();
      if (same > 0) moved = library_.next(journal_);
    }
    KANSOKU_RETURN_IF_ERROR(checked(moved, "next entry"));
    return moved > 0;
  }

  Result<std::string> cursor() override {
    char* text = nullptr;
    KANSOKU_RETURN_IF_ERROR(checked(library_.get_cursor(journal_, &text), "cursor"));
    std::string out(text);
    std::free(text);
    return out;
  }

  Result<JournalEntry> entry() override {
    JournalEntry out;
    uint64_t realtime_us = 0;
    KANSOKU_RETURN_IF_ERROR(checked(library_.get_realtime_usec(journal_, &realtime_us), "time"));
    out.realtime_us = static_cast<int64_t>(realtime_us);
    library_.restart_data(journal_);
    const void* bytes = nullptr;
    size_t size = 0;
    for (;;) {
      const int more = library_.enumerate_available_data(journal_, &bytes, &size);
      KANSOKU_RETURN_IF_ERROR(checked(more, "fields"));
      if (more == 0) return out;
      const std::string_view field(static_cast<const char*>(bytes), size);
      const size_t equals = field.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view name = field.substr(0, equals);
      const std::string_view value = field.substr(equals + 1);
      if (name == kMessage && !out.has_message) {
        out.has_message = true;
        out.message = value;
      } else {
        out.fields.emplace_back(name, value);
      }
    }
  }

  Result<bool> holds(const std::string& cursor) override {
    KANSOKU_RETURN_IF_ERROR(
        checked(library_.seek_cursor(journal_, cursor.c_str()), "seek to the saved place"));
    skip_.clear();
    const int moved = library_.next(journal_);
    KANSOKU_RETURN_IF_ERROR(checked(moved, "next entry"));
    return moved > 0 && library_.test_cursor(journal_, cursor.c_str()) > 0;
  }

  Result<bool> refresh() override {
    KANSOKU_RETURN_IF_ERROR(checked(library_.process(journal_), "look for changed files"));
    return library_.has_runtime_files(journal_) > 0 || library_.has_persistent_files(journal_) > 0;
  }

 private:
  const Library& library_;
  sd_journal* journal_;
  std::string skip_;  // the next entry is not this one
};

class SystemJournals final : public Journals {
 public:
  SystemJournals(const Library& library, std::string root)
      : library_(library), root_(std::move(root)) {}

  Result<std::unique_ptr<JournalReader>> open(const JournalFilter& filter) override {
    sd_journal* journal = nullptr;
    const int opened = root_.empty()
                           ? library_.open(&journal, SD_JOURNAL_LOCAL_ONLY)
                           : library_.open_directory(&journal, root_.c_str(), SD_JOURNAL_OS_ROOT);
    KANSOKU_RETURN_IF_ERROR(checked(opened, "open"));
    auto out = std::make_unique<SdJournal>(library_, journal);
    KANSOKU_RETURN_IF_ERROR(out->prepare(filter));
    return out;
  }

 private:
  const Library& library_;
  std::string root_;
};

}  // namespace

Result<std::unique_ptr<Journals>> system_journals(const std::string& root) {
  const Library* library = Library::get();
  if (library == nullptr) {
    return failed_precondition(
        "libsystemd.so.0 (246 or newer) is not installed, so there is no journal to read");
  }
  return std::make_unique<SystemJournals>(*library, root);
}

}  // namespace kansoku::pipeline::journald
