#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "report/histogram.h"
#include "report/table.h"

namespace y6q::report {

/// A few figures in large type.
struct Highlights {
  struct Figure {
    std::string value, label, note{};
  };
  std::vector<Figure> figures;
};

struct Paragraph {
  enum class Tone { plain, result, alarm };
  std::string text{};
  Tone tone = Tone::plain;  ///< result: what the page says in one breath; alarm: not to be overlooked
};

/// Other pages, by paths relative to this one.
struct Links {
  std::string title;
  std::vector<std::pair<std::string, std::string>> pages{};  ///< text, path
};

/// Curves over x; points that are not finite interrupt their curve.
struct LineChart {
  /// What a point says when it is pointed at, and what opens when it is clicked.
  struct Note {
    std::string text, path{};  ///< path: relative to the page; empty: nothing
  };
  struct Series {
    std::string name;
    std::vector<double> x, y;      ///< of equal length
    bool joined = true;            ///< false: points alone
    std::vector<Note> notes = {};  ///< one a point, or none
  };
  std::string title, x_label{}, y_label{};
  std::vector<Series> series{};
};

/// One bar a line, in the order given; values below 0 and not finite ones have no bar.
struct BarChart {
  struct Bar {
    std::string name;
    double value = 0;
  };
  std::string title, unit{};
  std::vector<Bar> bars{};
  int decimals = 3;
  bool sign = false;  ///< + before what is above 0
};

/// A table of counts whose cells are the darker the larger their share of the row: a confusion matrix.
struct HeatMap {
  std::string title, corner{};  ///< corner: what rows and columns are
  std::vector<std::string> rows{}, columns{};
  std::vector<int64_t> counts{};  ///< [rows, columns], >= 0; zeros stay empty
  std::string note{};
};

/// Encoded bytes, as in a file.
struct Picture {
  std::string bytes, caption{};
  std::string mime = "image/jpeg";
};

/// Pictures in rows of `columns`: side by side for comparison, also on a phone.
struct Gallery {
  std::string title;
  std::vector<std::string> column_titles{};  ///< empty, or one a column: "float", "INT8 engine"
  std::vector<Picture> pictures{};
  size_t columns = 2;
};

/// Small pictures in a grid.
struct Histograms {
  std::string title, note{};
  std::vector<Histogram> items{};
};

struct KeyValues {
  std::string title;
  std::vector<std::pair<std::string, std::string>> values{};
};

/// Lines as typed: the commands used.
struct Code {
  std::string title{};
  std::vector<std::string> lines{};
};

using Section = std::variant<Highlights, Paragraph, Links, Table, LineChart, BarChart, HeatMap, Gallery,
                             Histograms, KeyValues, Code>;

struct Page {
  std::string title, subtitle{};
  std::vector<Section>
      sections{};  ///< neighbouring charts and small heat maps share a row where there is room
  std::string footer{};
};

/// One self-contained page: no scripts, nothing is fetched, light and dark, from a phone's width up. All text
/// is escaped. Throws InternalError for a ragged table or heat map, a series whose x and y differ in length,
/// or zero columns.
std::string to_html(const Page& page);

/// & < > " ' as entities; control characters that HTML does not allow as U+FFFD.
std::string escape_html(std::string_view text);

}  // namespace y6q::report
