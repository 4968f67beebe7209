#include "api/widget_image/canvas.h"

#include <cairo.h>
#include <dlfcn.h>
#include <pango/pangocairo.h>

#include <cmath>
#include <numbers>

namespace kansoku::api::widget_image {
namespace {

// The console's fonts first, then what Debian has; the last ones hold Japanese.
constexpr const char* kFamilies =
    "Inter,Noto Sans,Noto Sans CJK JP,DejaVu Sans,IPAGothic,Noto Sans JP,sans-serif";
// Of a picture that is encoded; 2,000 by 2,000 pixels without compression are 16 MB.
constexpr size_t kPngBytesMax = size_t{32} << 20;

// The functions of cairo, pango and GLib that are used, found by name.
struct Library {
#define KANSOKU_DRAWING_FUNCTIONS(F)                  \
  F(cairo, cairo_image_surface_create)                \
  F(cairo, cairo_surface_status)                      \
  F(cairo, cairo_surface_destroy)                     \
  F(cairo, cairo_surface_flush)                       \
  F(cairo, cairo_surface_write_to_png_stream)         \
  F(cairo, cairo_create)                              \
  F(cairo, cairo_destroy)                             \
  F(cairo, cairo_set_source_rgba)                     \
  F(cairo, cairo_set_line_width)                      \
  F(cairo, cairo_set_line_join)                       \
  F(cairo, cairo_set_line_cap)                        \
  F(cairo, cairo_set_dash)                            \
  F(cairo, cairo_new_path)                            \
  F(cairo, cairo_new_sub_path)                        \
  F(cairo, cairo_move_to)                             \
  F(cairo, cairo_line_to)                             \
  F(cairo, cairo_arc)                                 \
  F(cairo, cairo_arc_negative)                        \
  F(cairo, cairo_rectangle)                           \
  F(cairo, cairo_close_path)                          \
  F(cairo, cairo_stroke)                              \
  F(cairo, cairo_fill)                                \
  F(cairo, cairo_clip)                                \
  F(cairo, cairo_save)                                \
  F(cairo, cairo_restore)                             \
  F(cairo, cairo_rotate)                              \
  F(cairo, cairo_translate)                           \
  F(cairo, cairo_font_options_create)                 \
  F(cairo, cairo_font_options_destroy)                \
  F(cairo, cairo_font_options_set_antialias)          \
  F(cairo, cairo_font_options_set_hint_style)         \
  F(cairo, cairo_font_options_set_hint_metrics)       \
  F(pangocairo, pango_cairo_font_map_new)             \
  F(pangocairo, pango_cairo_font_map_set_resolution)  \
  F(pangocairo, pango_cairo_context_set_font_options) \
  F(pangocairo, pango_cairo_show_layout)              \
  F(pango, pango_font_map_create_context)             \
  F(pango, pango_layout_new)                          \
  F(pango, pango_layout_set_text)                     \
  F(pango, pango_layout_set_font_description)         \
  F(pango, pango_layout_set_width)                    \
  F(pango, pango_layout_set_ellipsize)                \
  F(pango, pango_layout_set_single_paragraph_mode)    \
  F(pango, pango_layout_get_size)                     \
  F(pango, pango_font_description_from_string)        \
  F(pango, pango_font_description_set_absolute_size)  \
  F(pango, pango_font_description_set_weight)         \
  F(pango, pango_font_description_free)               \
  F(gobject, g_object_unref)
#define KANSOKU_DECLARE(library, name) decltype(&::name) name = nullptr;
  KANSOKU_DRAWING_FUNCTIONS(KANSOKU_DECLARE)
#undef KANSOKU_DECLARE

  // Of all pictures: fonts are read once.
  PangoContext* context = nullptr;

  // Opened once a process; null where a library is missing.
  static const Library* get() {
    static const std::unique_ptr<const Library> loaded = load();
    return loaded.get();
  }

 private:
  static std::unique_ptr<const Library> load() {
    void* cairo = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
    void* pango = dlopen("libpango-1.0.so.0", RTLD_NOW | RTLD_LOCAL);
    void* pangocairo = dlopen("libpangocairo-1.0.so.0", RTLD_NOW | RTLD_LOCAL);
    void* gobject = dlopen("libgobject-2.0.so.0", RTLD_NOW | RTLD_LOCAL);
    if (cairo == nullptr || pango == nullptr || pangocairo == nullptr || gobject == nullptr) {
      return nullptr;
    }
    auto out = std::make_unique<Library>();
#define KANSOKU_FIND(library, function)                                               \
  out->function = reinterpret_cast<decltype(&::function)>(dlsym(library, #function)); \
  if (out->function == nullptr) return nullptr;
    KANSOKU_DRAWING_FUNCTIONS(KANSOKU_FIND)
#undef KANSOKU_FIND
#undef KANSOKU_DRAWING_FUNCTIONS
    PangoFontMap* map = out->pango_cairo_font_map_new();
    if (map == nullptr) return nullptr;
    // One point is one pixel, so that sizes mean the same everywhere.
    out->pango_cairo_font_map_set_resolution(
        reinterpret_cast<PangoCairoFontMap*>(reinterpret_cast<void*>(map)), 72);
    out->context = out->pango_font_map_create_context(map);
    out->g_object_unref(map);
    // Never the settings of a desktop: the picture is the same for everybody.
    cairo_font_options_t* options = out->cairo_font_options_create();
    out->cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    out->cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    out->cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    out->pango_cairo_context_set_font_options(out->context, options);
    out->cairo_font_options_destroy(options);
    return out;
  }
};

cairo_status_t append_bytes(void* out, const unsigned char* bytes, unsigned int length) {
  auto& png = *static_cast<std::string*>(out);
  if (png.size() + length > kPngBytesMax) return CAIRO_STATUS_WRITE_ERROR;
  png.append(reinterpret_cast<const char*>(bytes), length);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

struct Canvas::Parts {
  const Library& lib;
  cairo_surface_t* surface = nullptr;
  cairo_t* cairo = nullptr;

  explicit Parts(const Library& l) : lib(l) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    if (cairo != nullptr) lib.cairo_destroy(cairo);
    if (surface != nullptr) lib.cairo_surface_destroy(surface);
  }

  void set_source(Colour colour) {
    lib.cairo_set_source_rgba(cairo, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0,
                              colour.alpha);
  }

  // Owns nothing after `use`, which gets the layout and its size in pixels.
  template <class Use>
  void with_layout(std::string_view text, const TextStyle& style, Use use) {
    PangoLayout* layout = lib.pango_layout_new(lib.context);
    PangoFontDescription* font = lib.pango_font_description_from_string(kFamilies);
    lib.pango_font_description_set_absolute_size(font, style.size_px * PANGO_SCALE);
    lib.pango_font_description_set_weight(font,
                                          style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    lib.pango_layout_set_font_description(layout, font);
    lib.pango_font_description_free(font);
    lib.pango_layout_set_single_paragraph_mode(layout, TRUE);
    lib.pango_layout_set_text(layout, text.data(), static_cast<int>(text.size()));
    if (style.width_max > 0) {
      lib.pango_layout_set_width(layout, static_cast<int>(style.width_max * PANGO_SCALE));
      lib.pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    }
    int width = 0;
    int height = 0;
    lib.pango_layout_get_size(layout, &width, &height);
    use(layout, static_cast<double>(width) / PANGO_SCALE,
        static_cast<double>(height) / PANGO_SCALE);
    lib.g_object_unref(layout);
  }
};

Canvas::Canvas(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Canvas::Canvas(Canvas&&) noexcept = default;
Canvas& Canvas::operator=(Canvas&&) noexcept = default;
Canvas::~Canvas() = default;

Result<Canvas> Canvas::make(int width, int height) {
  const Library* lib = Library::get();
  if (lib == nullptr) {
    return unavailable("pictures need cairo and pango, which are not installed on this server");
  }
  auto parts = std::make_unique<Parts>(*lib);
  parts->surface = lib->cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  if (lib->cairo_surface_status(parts->surface) != CAIRO_STATUS_SUCCESS) {
    return resource_exhausted("no bitmap of {} by {} pixels", width, height);
  }
  parts->cairo = lib->cairo_create(parts->surface);
  lib->cairo_set_line_join(parts->cairo, CAIRO_LINE_JOIN_ROUND);
  lib->cairo_set_line_cap(parts->cairo, CAIRO_LINE_CAP_BUTT);
  return Canvas(std::move(parts));
}

void Canvas::fill_rect(Rect rect, Colour colour) {
  parts_->lib.cairo_new_path(parts_->cairo);
  parts_->lib.cairo_rectangle(parts_->cairo, rect.x, rect.y, rect.width, rect.height);
  fill(colour);
}

void Canvas::fill_round_rect(Rect rect, double radius, Colour colour) {
  constexpr double kQuarter = std::numbers::pi / 2;
  radius = std::min({radius, rect.width / 2, rect.height / 2});
  parts_->lib.cairo_new_path(parts_->cairo);
  arc(rect.right() - radius, rect.y + radius, radius, -kQuarter, 0);
  arc(rect.right() - radius, rect.bottom() - radius, radius, 0, kQuarter);
  arc(rect.x + radius, rect.bottom() - radius, radius, kQuarter, 2 * kQuarter);
  arc(rect.x + radius, rect.y + radius, radius, 2 * kQuarter, 3 * kQuarter);
  close();
  fill(colour);
}

void Canvas::line(double x0, double y0, double x1, double y1, const Stroke& how) {
  move_to(x0, y0);
  line_to(x1, y1);
  stroke(how);
}

void Canvas::move_to(double x, double y) { parts_->lib.cairo_move_to(parts_->cairo, x, y); }
void Canvas::line_to(double x, double y) { parts_->lib.cairo_line_to(parts_->cairo, x, y); }
void Canvas::arc(double x, double y, double radius, double from, double to) {
  parts_->lib.cairo_arc(parts_->cairo, x, y, radius, from, to);
}
void Canvas::arc_back(double x, double y, double radius, double from, double to) {
  parts_->lib.cairo_arc_negative(parts_->cairo, x, y, radius, from, to);
}
void Canvas::close() { parts_->lib.cairo_close_path(parts_->cairo); }

void Canvas::stroke(const Stroke& how) {
  parts_->set_source(how.colour);
  parts_->lib.cairo_set_line_width(parts_->cairo, how.width);
  parts_->lib.cairo_set_dash(parts_->cairo, &how.dash, how.dash > 0 ? 1 : 0, 0);
  parts_->lib.cairo_stroke(parts_->cairo);
}

void Canvas::fill(Colour colour) {
  parts_->set_source(colour);
  parts_->lib.cairo_fill(parts_->cairo);
}

void Canvas::clip(Rect rect) {
  parts_->lib.cairo_save(parts_->cairo);
  parts_->lib.cairo_new_path(parts_->cairo);
  parts_->lib.cairo_rectangle(parts_->cairo, rect.x, rect.y, rect.width, rect.height);
  parts_->lib.cairo_clip(parts_->cairo);
}
void Canvas::unclip() { parts_->lib.cairo_restore(parts_->cairo); }

double Canvas::text_width(std::string_view text, const TextStyle& style) {
  double out = 0;
  parts_->with_layout(text, style, [&](PangoLayout*, double width, double) { out = width; });
  return out;
}

void Canvas::text(double x, double y, std::string_view text, const TextStyle& style) {
  parts_->with_layout(text, style, [&](PangoLayout* layout, double width, double height) {
    double left = x;
    if (style.align == Align::Centre) left -= width / 2;
    if (style.align == Align::Right) left -= width;
    parts_->set_source(style.colour);
    move_to(left, y - height / 2);
    parts_->lib.pango_cairo_show_layout(parts_->cairo, layout);
    parts_->lib.cairo_new_path(parts_->cairo);
  });
}

void Canvas::text_upwards(double x, double y, std::string_view text, const TextStyle& style) {
  parts_->lib.cairo_save(parts_->cairo);
  parts_->lib.cairo_translate(parts_->cairo, x, y);
  parts_->lib.cairo_rotate(parts_->cairo, -std::numbers::pi / 2);
  TextStyle centred = style;
  centred.align = Align::Centre;
  this->text(0, 0, text, centred);
  parts_->lib.cairo_restore(parts_->cairo);
}

Result<std::string> Canvas::png() {
  parts_->lib.cairo_surface_flush(parts_->surface);
  std::string out;
  cairo_status_t status =
      parts_->lib.cairo_surface_write_to_png_stream(parts_->surface, append_bytes, &out);
  if (status != CAIRO_STATUS_SUCCESS) {
    return fail(ErrorCode::Internal, "the picture could not be encoded");
  }
  return out;
}

}  // namespace kansoku::api::widget_image
