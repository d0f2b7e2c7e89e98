// The only file that knows Python.  Shapes and bounds are checked here, once, before any kernel runs.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>

#include "blocks.hpp"
#include "branch.hpp"
#include "descend.hpp"
#include "exchange.hpp"
#include "face.hpp"
#include "gram.hpp"
#include "leaps.hpp"
#include "panel.hpp"
#include "prox.hpp"
#include "ranked.hpp"
#include "stream.hpp"
#include "support.hpp"

namespace nb = nanobind;
using namespace lozenge;

namespace {

template <class T>
using Matrix = nb::ndarray<const T, nb::ndim<2>, nb::device::cpu>;
template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Fortran = nb::ndarray<const double, nb::ndim<2>, nb::f_contig, nb::device::cpu>;
using Out = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using FortranOut = nb::ndarray<double, nb::ndim<2>, nb::f_contig, nb::device::cpu>;
using AnyOut = nb::ndarray<double, nb::ndim<2>, nb::device::cpu>;
using InOut = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Columns = std::optional<Vector<std::int64_t>>;

void require(bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(what);
}

template <class T>
Dense<T> dense(const Matrix<T>& X) {
    require(X.stride(0) == 1 || X.stride(1) == 1, "X must be contiguous along its rows or its columns");
    return {X.data(), X.shape(0), X.shape(1), static_cast<std::ptrdiff_t>(X.stride(0)),
            static_cast<std::ptrdiff_t>(X.stride(1))};
}

template <class T, class I>
Csc<T, I> csc(const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, std::size_t rows) {
    require(pointers.shape(0) >= 1 && data.shape(0) == indices.shape(0), "CSC arrays disagree in length");
    const std::size_t columns = pointers.shape(0) - 1;
    require(pointers(0) == 0 && static_cast<std::size_t>(pointers(columns)) == data.shape(0),
            "CSC pointers must run from 0 to the number of entries");
    return {data.data(), indices.data(), pointers.data(), rows, columns};
}

Affine affine(const Vector<double>& scale, const Vector<double>& shift, std::size_t columns) {
    require(scale.shape(0) == columns && shift.shape(0) == columns, "scale and shift need one value per column");
    return {scale.data(), shift.data()};
}

std::size_t chosen(const Columns& columns, std::size_t all) {
    if (!columns) return all;
    for (std::size_t k = 0; k < columns->shape(0); ++k)
        require((*columns)(k) >= 0 && static_cast<std::size_t>((*columns)(k)) < all, "a column index is out of range");
    return columns->shape(0);
}

const std::int64_t* pointer(const Columns& columns) { return columns ? columns->data() : nullptr; }

void require_moments(const Out& first, const Out& second, std::size_t columns, std::size_t m) {
    require(first.shape(0) == columns && first.shape(1) == m && second.shape(0) == columns && second.shape(1) == m,
            "first or second has the wrong shape");
}

bool interrupted() {
    nb::gil_scoped_acquire held;
    return PyErr_CheckSignals() != 0;
}

template <class T>
void bind_dense(nb::module_& m) {
    m.def("correlate_dense",
          [](const Matrix<T>& X, const Vector<double>& scale, const Vector<double>& shift, const Fortran& R,
             const Columns& columns, const Out& out) {
              const auto x = dense(X);
              const auto map = affine(scale, shift, x.columns);
              const std::size_t count = chosen(columns, x.columns);
              require(R.shape(0) == x.rows, "R needs one row per row of X");
              require(out.shape(0) == count && out.shape(1) == R.shape(1), "out has the wrong shape");
              nb::gil_scoped_release released;
              correlate(x, map, R.data(), R.shape(1), pointer(columns), count, out.data());
          },
          nb::arg("X").noconvert(), nb::arg("scale").noconvert(), nb::arg("shift").noconvert(),
          nb::arg("R").noconvert(), nb::arg("columns").noconvert().none(), nb::arg("out").noconvert());
    m.def("moments_dense",
          [](const Matrix<T>& X, const Vector<double>& scale, const Vector<double>& shift, const Fortran& W,
             const Out& first, const Out& second) {
              const auto x = dense(X);
              const auto map = affine(scale, shift, x.columns);
              require(W.shape(0) == x.rows, "W needs one row per row of X");
              require_moments(first, second, x.columns, W.shape(1));
              nb::gil_scoped_release released;
              moments(x, map, W.data(), W.shape(1), first.data(), second.data());
          },
          nb::arg("X").noconvert(), nb::arg("scale").noconvert(), nb::arg("shift").noconvert(),
          nb::arg("W").noconvert(), nb::arg("first").noconvert(), nb::arg("second").noconvert());
    m.def("predict_dense",
          [](const Matrix<T>& X, const Vector<double>& scale, const Vector<double>& shift,
             const Vector<std::int64_t>& columns, const Fortran& B, const FortranOut& out) {
              const auto x = dense(X);
              const auto map = affine(scale, shift, x.columns);
              const std::size_t count = chosen(columns, x.columns);
              require(B.shape(0) == count && B.shape(1) == out.shape(1), "B has the wrong shape");
              require(out.shape(0) == x.rows, "out needs one row per row of X");
              nb::gil_scoped_release released;
              predict(x, map, columns.data(), count, B.data(), B.shape(1), out.data());
          },
          nb::arg("X").noconvert(), nb::arg("scale").noconvert(), nb::arg("shift").noconvert(),
          nb::arg("columns").noconvert(), nb::arg("B").noconvert(), nb::arg("out").noconvert());
    m.def("summarise_dense",
          [](const Matrix<T>& X, const Out& out) {
              const auto x = dense(X);
              require(out.shape(0) == x.columns && out.shape(1) == 4, "out has the wrong shape");
              nb::gil_scoped_release released;
              summarise(x, out.data());
          },
          nb::arg("X").noconvert(), nb::arg("out").noconvert());
    m.def("pack_dense",
          [](const Matrix<T>& X, const Vector<double>& scale, const Vector<double>& shift,
             const std::optional<Vector<double>>& weights, const Vector<std::int64_t>& columns, std::size_t top,
             std::size_t bottom, const AnyOut& out) {
              const auto x = dense(X);
              const auto map = affine(scale, shift, x.columns);
              const std::size_t count = chosen(columns, x.columns);
              require(top <= bottom && bottom <= x.rows, "rows out of range");
              require(out.shape(0) == bottom - top && out.shape(1) == count, "out has the wrong shape");
              require(!weights || weights->shape(0) == x.rows, "weights need one value per row of X");
              const auto across = static_cast<std::size_t>(out.stride(1)), down = static_cast<std::size_t>(out.stride(0));
              const bool empty = bottom == top || count == 0, single = bottom - top == 1;
              const bool by_column = empty || ((down == 1 || single) && (across == bottom - top || count == 1));
              require(by_column || (!x.by_column() && (across == 1 || count == 1) && (down == count || single)),
                      "out must be contiguous, in Fortran order or, as X is, in C order");
              nb::gil_scoped_release released;
              pack(x, map, weights ? weights->data() : nullptr, columns.data(), count, top, bottom, by_column,
                   out.data());
          },
          nb::arg("X").noconvert(), nb::arg("scale").noconvert(), nb::arg("shift").noconvert(),
          nb::arg("weights").noconvert().none(), nb::arg("columns").noconvert(), nb::arg("top"), nb::arg("bottom"), nb::arg("out").noconvert());
}

template <class T, class I>
void bind_csc(nb::module_& m) {
    m.def("correlate_csc",
          [](const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, const Vector<double>& scale,
             const Vector<double>& shift, const Fortran& R, const Columns& columns, const Out& out) {
              const auto x = csc(data, indices, pointers, R.shape(0));
              const auto map = affine(scale, shift, x.columns);
              const std::size_t count = chosen(columns, x.columns);
              require(out.shape(0) == count && out.shape(1) == R.shape(1), "out has the wrong shape");
              nb::gil_scoped_release released;
              correlate(x, map, R.data(), R.shape(1), pointer(columns), count, out.data());
          },
          nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
          nb::arg("scale").noconvert(), nb::arg("shift").noconvert(), nb::arg("R").noconvert(),
          nb::arg("columns").noconvert().none(), nb::arg("out").noconvert());
    m.def("moments_csc",
          [](const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, const Vector<double>& scale,
             const Vector<double>& shift, const Fortran& W, const Out& first, const Out& second) {
              const auto x = csc(data, indices, pointers, W.shape(0));
              const auto map = affine(scale, shift, x.columns);
              require_moments(first, second, x.columns, W.shape(1));
              nb::gil_scoped_release released;
              moments(x, map, W.data(), W.shape(1), first.data(), second.data());
          },
          nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
          nb::arg("scale").noconvert(), nb::arg("shift").noconvert(), nb::arg("W").noconvert(),
          nb::arg("first").noconvert(), nb::arg("second").noconvert());
    m.def("summarise_csc",
          [](const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, std::size_t rows,
             const Out& out) {
              const auto x = csc(data, indices, pointers, rows);
              require(out.shape(0) == x.columns && out.shape(1) == 4, "out has the wrong shape");
              nb::gil_scoped_release released;
              summarise(x, out.data());
          },
          nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
          nb::arg("rows"), nb::arg("out").noconvert());
    m.def("predict_csc",
          [](const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, const Vector<double>& scale,
             const Vector<double>& shift, const Vector<std::int64_t>& columns,
             const nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>& B, const FortranOut& out) {
              const auto x = csc(data, indices, pointers, out.shape(0));
              const auto map = affine(scale, shift, x.columns);
              const std::size_t count = chosen(columns, x.columns);
              require(B.shape(0) == count && B.shape(1) == out.shape(1), "B has the wrong shape");
              nb::gil_scoped_release released;
              predict(x, map, columns.data(), count, B.data(), B.shape(1), out.data());
          },
          nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
          nb::arg("scale").noconvert(), nb::arg("shift").noconvert(), nb::arg("columns").noconvert(),
          nb::arg("B").noconvert(), nb::arg("out").noconvert());
    m.def("gram_csc",
          [](const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, const Vector<double>& scale,
             const Vector<double>& shift, const Vector<double>& w, const Vector<std::int64_t>& left,
             const Vector<std::int64_t>& right, const Out& out) {
              const auto x = csc(data, indices, pointers, w.shape(0));
              const auto map = affine(scale, shift, x.columns);
              const std::size_t l = chosen(left, x.columns), r = chosen(right, x.columns);
              require(out.shape(0) == l && out.shape(1) == r, "out has the wrong shape");
              const bool same = l == r && std::equal(left.data(), left.data() + l, right.data());
              nb::gil_scoped_release released;
              gram(x, map, w.data(), Chosen{left.data()}, l, Chosen{right.data()}, r, same, out.data());
          },
          nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
          nb::arg("scale").noconvert(), nb::arg("shift").noconvert(), nb::arg("w").noconvert(),
          nb::arg("left").noconvert(), nb::arg("right").noconvert(), nb::arg("out").noconvert());
    m.def("pack_csc",
          [](const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers, const Vector<double>& scale,
             const Vector<double>& shift, const Vector<std::int64_t>& columns, std::size_t rows, std::size_t top,
             std::size_t bottom, const FortranOut& out) {
              const auto x = csc(data, indices, pointers, rows);
              const auto map = affine(scale, shift, x.columns);
              const std::size_t count = chosen(columns, x.columns);
              require(top <= bottom && bottom <= rows, "rows out of range");
              require(out.shape(0) == bottom - top && out.shape(1) == count, "out has the wrong shape");
              nb::gil_scoped_release released;
              pack(x, map, columns.data(), count, top, bottom, out.data());
          },
          nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
          nb::arg("scale").noconvert(), nb::arg("shift").noconvert(), nb::arg("columns").noconvert(), nb::arg("rows"),
          nb::arg("top"), nb::arg("bottom"), nb::arg("out").noconvert());
}

using Square = Matrix<double>;
using Flags = nb::ndarray<std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

std::size_t square(const Square& S) {
    const std::size_t k = S.shape(0);
    require(S.shape(1) == k, "a square matrix is needed");
    require(k < 2 || (S.stride(1) == 1 && S.stride(0) >= static_cast<std::int64_t>(k)),
            "the matrix must hold its rows whole");
    return k;
}

Quadratic quadratic(const Square& S, const Vector<double>& linear, const Vector<double>& l1, const Vector<double>& l2,
                    const InOut& b, const Flags& barred) {
    const std::size_t k = square(S);
    require(linear.shape(0) == k && l1.shape(0) == k && l2.shape(0) == k && b.shape(0) == k &&
                barred.shape(0) == k,
            "S, linear, l1, l2, b and barred disagree in size");
    return {S.data(), static_cast<std::size_t>(S.stride(0)), k, linear.data(), l1.data(), l2.data()};
}

Choice choice(const Square& S, const Vector<double>& linear, const Vector<double>& l2, const Vector<double>& box,
              const Vector<double>& price) {
    const std::size_t p = S.shape(0);
    require(p < 2 || (S.stride(1) == 1 && S.stride(0) >= static_cast<std::int64_t>(p)), "S must hold its rows whole");
    require(S.shape(1) == p && linear.shape(0) == p && l2.shape(0) == p && box.shape(0) == p && price.shape(0) == p,
            "S, linear, l2, box and price disagree in size");
    return {S.data(),   static_cast<std::size_t>(S.stride(0)), p, linear.data(), l2.data(), box.data(),
            price.data(), nullptr};
}

Choice choice(const Products& S, const Vector<double>& linear, const Vector<double>& l2, const Vector<double>& box,
              const Vector<double>& price) {
    const std::size_t p = S.width();
    require(linear.shape(0) == p && l2.shape(0) == p && box.shape(0) == p && price.shape(0) == p,
            "S, linear, l2, box and price disagree in size");
    return {nullptr, 0, p, linear.data(), l2.data(), box.data(), price.data(), &S};
}

std::vector<std::size_t> distinct(const Columns& columns, std::size_t all) {
    const std::size_t count = chosen(columns, all);
    std::vector<std::size_t> found(count);
    std::vector<bool> seen(all);
    for (std::size_t k = 0; k < count; ++k) {
        found[k] = columns ? static_cast<std::size_t>((*columns)(k)) : k;
        require(!seen[found[k]], "a column is named twice");
        seen[found[k]] = true;
    }
    return found;
}

// Asked with the multiplications to come; looks for Ctrl-C about every 10 ms of them.
struct Patience {
    std::size_t* work;
    void operator()(std::size_t multiplications) const {
        *work += multiplications;
        if (*work < 20'000'000) return;
        *work = 0;
        nb::gil_scoped_acquire held;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
    }
};

template <class T>
void bind_append(nb::class_<DensePanel>& panel) {
    panel.def("append",
              [](DensePanel& held, const Matrix<T>& X, const Vector<double>& scale, const Vector<double>& shift,
                 const Vector<std::int64_t>& columns) {
                  const auto x = dense(X);
                  const auto map = affine(scale, shift, x.columns);
                  const std::size_t count = chosen(columns, x.columns);
                  require(x.rows == held.rows(), "X needs the rows of the panel");
                  nb::gil_scoped_release released;
                  held.append(x, map, columns.data(), count);
              },
              nb::keep_alive<1, 2>(),  // columns may stay where they lie
              nb::arg("X").noconvert(), nb::arg("scale").noconvert(), nb::arg("shift").noconvert(),
              nb::arg("columns").noconvert());
}

template <class T, class I>
void bind_append(nb::class_<SparsePanel>& panel) {
    panel.def("append",
              [](SparsePanel& held, const Vector<T>& data, const Vector<I>& indices, const Vector<I>& pointers,
                 const Vector<double>& scale, const Vector<double>& shift, const Vector<std::int64_t>& columns) {
                  const auto x = csc(data, indices, pointers, held.rows());
                  const auto map = affine(scale, shift, x.columns);
                  const std::size_t count = chosen(columns, x.columns);
                  nb::gil_scoped_release released;
                  held.append(x, map, columns.data(), count);
              },
              nb::arg("data").noconvert(), nb::arg("indices").noconvert(), nb::arg("pointers").noconvert(),
              nb::arg("scale").noconvert(), nb::arg("shift").noconvert(), nb::arg("columns").noconvert());
}

template <class Panel>
nb::class_<Panel> bind_panel(nb::module_& m, const char* name) {
    nb::class_<Panel> panel(m, name);
    panel.def(nb::init<std::size_t>(), nb::arg("rows"))
        .def("__len__", &Panel::size)
        .def("descend",
             [](const Panel& held, const Vector<double>& v, const InOut& rho, const Vector<double>& centre,
                bool constant, const Vector<double>& l1, const Vector<double>& l2, const InOut& b, double loss,
                double goal, const InOut& pull, bool whole) {
                 const std::size_t k = held.size();
                 require(v.shape(0) == held.rows() && rho.shape(0) == held.rows(), "v and rho need one value per row");
                 require(centre.shape(0) == k && l1.shape(0) == k && l2.shape(0) == k && b.shape(0) == k &&
                             pull.shape(0) == k,
                         "centre, l1, l2, b and pull need one value per column of the panel");
                 std::size_t done = 0;
                 const Patience patience{&done};
                 nb::gil_scoped_release released;
                 RowDescent<Panel, Patience> descent(held, {v.data(), rho.data(), centre.data(), constant}, l1.data(),
                                                     l2.data(), b.data(), pull.data(), patience);
                 const double left = descent.run(loss, goal, whole);
                 return std::make_tuple(left, descent.level());
             },
             nb::arg("v").noconvert(), nb::arg("rho").noconvert(), nb::arg("centre").noconvert(), nb::arg("constant"),
             nb::arg("l1").noconvert(), nb::arg("l2").noconvert(), nb::arg("b").noconvert(), nb::arg("loss"),
             nb::arg("goal"), nb::arg("pull").noconvert(), nb::arg("whole"));
    return panel;
}

// A branch and bound that goes on for as long as it is told to.
template <class Search>
nb::class_<Search> bind_search(nb::module_& m, const char* name) {
    nb::class_<Search> search(m, name);
    search
        .def(
            "__init__",
            [](Search* made, const Square& S, const Vector<double>& linear, const Vector<double>& l2,
               const Vector<double>& box, const Vector<double>& price, std::size_t size, double slack) {
                const Choice q = choice(S, linear, l2, box, price);
                if (std::is_same_v<Search, Leaps>) require(q.p <= 64, "Leaps takes at most 64 columns");
                new (made) Search(q, size, slack);
            },
            nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>(), nb::keep_alive<1, 4>(), nb::keep_alive<1, 5>(),
            nb::keep_alive<1, 6>(), nb::arg("S").noconvert(), nb::arg("linear").noconvert(),
            nb::arg("l2").noconvert(), nb::arg("box").noconvert(), nb::arg("price").noconvert(), nb::arg("size"),
            nb::arg("slack"))
        .def("offer",
             [](Search& held, const Vector<std::int64_t>& columns) {
                 const auto members = distinct(columns, held.width());
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 held.offer(members, Patience{&work});
             },
             nb::arg("columns").noconvert())
        .def("advance",
             [](Search& held, double seconds) {
                 std::size_t work = 0;
                 const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
                 nb::gil_scoped_release released;
                 held.advance(Patience{&work}, [&] { return std::chrono::steady_clock::now() >= until; });
             },
             nb::arg("seconds"))
        .def_prop_ro("progress",
                     [](const Search& held) {
                         const Progress found = held.progress();
                         return std::make_tuple(found.nodes, found.open, found.objective, found.bound, found.done);
                     })
        .def_prop_ro("best", &Search::best);
    return search;
}

}  // namespace

NB_MODULE(_kernel, m) {
    auto dense_panel = bind_panel<DensePanel>(m, "DensePanel");
    bind_append<double>(dense_panel);
    bind_append<float>(dense_panel);
    auto sparse_panel = bind_panel<SparsePanel>(m, "SparsePanel");
    bind_append<double, std::int32_t>(sparse_panel);
    bind_append<double, std::int64_t>(sparse_panel);
    bind_append<float, std::int32_t>(sparse_panel);
    bind_append<float, std::int64_t>(sparse_panel);
    bind_dense<double>(m);
    bind_dense<float>(m);
    bind_csc<double, std::int32_t>(m);
    bind_csc<double, std::int64_t>(m);
    bind_csc<float, std::int32_t>(m);
    bind_csc<float, std::int64_t>(m);
    m.def("isa", [] { return isa_name(); });
    m.def("threads", [] { return thread_count(); });
    m.def("descend",
          [](const Square& H, const Vector<double>& l1, const Vector<double>& l2, const InOut& b,
             const InOut& gradient, double tol, std::size_t max_sweeps, const std::optional<Vector<double>>& low,
             const std::optional<Vector<double>>& high) {
              const std::size_t k = square(H);
              require(l1.shape(0) == k && l2.shape(0) == k && b.shape(0) == k && gradient.shape(0) == k,
                      "H, l1, l2, b and gradient disagree in size");
              require(low.has_value() == high.has_value() &&
                          (!low || (low->shape(0) == k && high->shape(0) == k)),
                      "low and high need one value per row of H each");
              Descent found;
              {
                  nb::gil_scoped_release released;
                  const Threshold penalty{l1.data(), l2.data(), low ? low->data() : nullptr,
                                          high ? high->data() : nullptr};
                  found = descend(H.data(), static_cast<std::size_t>(H.stride(0)), k, penalty, b.data(),
                                  gradient.data(), tol, max_sweeps, interrupted);
              }
              if (found.interrupted) throw nb::python_error();
              return std::make_tuple(found.sweeps, found.moved);
          },
          nb::arg("H").noconvert(), nb::arg("l1").noconvert(), nb::arg("l2").noconvert(), nb::arg("b").noconvert(),
          nb::arg("gradient").noconvert(), nb::arg("tol"), nb::arg("max_sweeps"),
          nb::arg("low").noconvert().none() = nb::none(), nb::arg("high").noconvert().none() = nb::none());
    m.def("descend_folded",
          [](const Square& H, const Vector<double>& l1, const Vector<double>& knee, const Vector<double>& end,
             const InOut& b, const InOut& gradient, std::size_t sweeps) {
              const std::size_t k = square(H);
              require(l1.shape(0) == k && knee.shape(0) == k && end.shape(0) == k && b.shape(0) == k &&
                          gradient.shape(0) == k,
                      "H, l1, knee, end, b and gradient disagree in size");
              for (std::size_t j = 0; j < k; ++j)
                  require(knee(j) >= 0.0 && knee(j) < end(j), "each knee must lie before its end");
              Descent found;
              {
                  nb::gil_scoped_release released;
                  const Folded penalty{l1.data(), knee.data(), end.data()};
                  found = descend(H.data(), static_cast<std::size_t>(H.stride(0)), k, penalty, b.data(),
                                  gradient.data(), 0.0, sweeps, interrupted);
              }
              if (found.interrupted) throw nb::python_error();
          },
          nb::arg("H").noconvert(), nb::arg("l1").noconvert(), nb::arg("knee").noconvert(),
          nb::arg("end").noconvert(), nb::arg("b").noconvert(), nb::arg("gradient").noconvert(),
          nb::arg("sweeps"));
    m.def("descend_blocks",
          [](const Square& S, const Vector<double>& l1, const Vector<double>& price,
             const Vector<std::int64_t>& order, const Vector<std::int64_t>& edges, const InOut& b,
             const InOut& gradient, std::size_t sweeps) {
              const std::size_t k = square(S), groups = price.shape(0);
              require(l1.shape(0) == k && order.shape(0) == k && b.shape(0) == k && gradient.shape(0) == k,
                      "S, l1, order, b and gradient disagree in size");
              chosen(order, k);
              require(edges.shape(0) == groups + 1 && edges(0) == 0 &&
                          edges(groups) == static_cast<std::int64_t>(k),
                      "edges must run from 0 to the number of coordinates");
              for (std::size_t g = 0; g < groups; ++g) require(edges(g) <= edges(g + 1), "edges must not decrease");
              const BlockQuadratic q{S.data(), static_cast<std::size_t>(S.stride(0)), k, l1.data(), price.data(),
                                     order.data(), edges.data(), groups};
              bool stopped;
              {
                  nb::gil_scoped_release released;
                  stopped = BlockDescent(q).run(b.data(), gradient.data(), sweeps, interrupted);
              }
              if (stopped) throw nb::python_error();
          },
          nb::arg("S").noconvert(), nb::arg("l1").noconvert(), nb::arg("price").noconvert(),
          nb::arg("order").noconvert(), nb::arg("edges").noconvert(), nb::arg("b").noconvert(),
          nb::arg("gradient").noconvert(), nb::arg("sweeps"));
    m.def("descend_ranked",
          [](const Square& S, const Vector<double>& prices, const InOut& b, const InOut& gradient,
             std::size_t sweeps, std::size_t again) {
              const std::size_t k = square(S);
              require(prices.shape(0) == k && b.shape(0) == k && gradient.shape(0) == k,
                      "S, prices, b and gradient disagree in size");
              const RankedQuadratic q{S.data(), static_cast<std::size_t>(S.stride(0)), k, prices.data()};
              std::size_t work = 0;
              nb::gil_scoped_release released;
              descend_ranked(q, b.data(), gradient.data(), sweeps, again, Patience{&work});
          },
          nb::arg("S").noconvert(), nb::arg("prices").noconvert(), nb::arg("b").noconvert(),
          nb::arg("gradient").noconvert(), nb::arg("sweeps"), nb::arg("again"));
    m.def("fold",
          [](const Square& S, const Vector<std::int64_t>& rows, const Vector<std::int64_t>& tied,
             const Vector<double>& signs, const Out& out) {
              const std::size_t count = chosen(rows, square(S)), size = out.shape(0);
              require(tied.shape(0) == count && signs.shape(0) == count, "rows, tied and signs disagree in size");
              require(out.shape(1) == size, "out must be square");
              for (std::size_t i = 0; i < count; ++i)
                  require(tied(i) >= (i == 0 ? 0 : tied(i - 1)) && tied(i) < static_cast<std::int64_t>(size),
                          "tied must not decrease and must number rows of out");
              nb::gil_scoped_release released;
              fold(S.data(), static_cast<std::size_t>(S.stride(0)), rows.data(), tied.data(), signs.data(), count,
                   out.data(), size);
          },
          nb::arg("S").noconvert(), nb::arg("rows").noconvert(), nb::arg("tied").noconvert(),
          nb::arg("signs").noconvert(), nb::arg("out").noconvert());
    m.def("multiply",
          [](const Square& S, const Vector<double>& v, const InOut& out) {
              const std::size_t k = square(S);
              require(v.shape(0) == k && out.shape(0) == k, "S, v and out disagree in size");
              nb::gil_scoped_release released;
              std::fill(out.data(), out.data() + k, 0.0);
              multiply(S.data(), static_cast<std::size_t>(S.stride(0)), k, v.data(), 1.0, out.data());
          },
          nb::arg("S").noconvert(), nb::arg("v").noconvert(), nb::arg("out").noconvert());
    m.def("pool",
          [](const Vector<double>& total, const Vector<double>& weight, const Vector<std::int64_t>& starts,
             const InOut& out) {
              const std::size_t k = total.shape(0), runs = starts.shape(0);
              require(weight.shape(0) == k && out.shape(0) == k, "total, weight and out disagree in size");
              require((runs == 0) == (k == 0) && (k == 0 || starts(0) == 0), "the first run must start at 0");
              for (std::size_t r = 0; r < runs; ++r)
                  require((r == 0 || starts(r) > starts(r - 1)) && starts(r) < static_cast<std::int64_t>(k),
                          "starts must increase and stay below the length");
              std::size_t work = 0;
              nb::gil_scoped_release released;
              pool(total.data(), weight.data(), k, starts.data(), runs, out.data(), Patience{&work});
          },
          nb::arg("total").noconvert(), nb::arg("weight").noconvert(), nb::arg("starts").noconvert(),
          nb::arg("out").noconvert());
    m.def("tv_prox",
          [](const Vector<double>& Z, const Vector<double>& lam, const InOut& out) {
              const std::size_t k = Z.shape(0);
              require(out.shape(0) == k && lam.shape(0) + 1 == std::max<std::size_t>(k, 1),
                      "out needs one entry per entry of Z, and lam one per pair of neighbours");
              std::size_t work = 0;
              nb::gil_scoped_release released;
              tv_prox(Z.data(), lam.data(), k, out.data(), Patience{&work});
          },
          nb::arg("Z").noconvert(), nb::arg("lam").noconvert(), nb::arg("out").noconvert());
    nb::class_<Products>(m, "Products")
        .def(
            "__init__",
            [](Products* made, const Square& Z) {
                require(Z.shape(1) < 2 || Z.stride(1) == 1, "Z must hold its rows whole");
                require(Z.shape(0) < 2 || Z.stride(0) == static_cast<std::int64_t>(Z.shape(1)), "Z must be contiguous");
                new (made) Products(Z.data(), Z.shape(0), Z.shape(1));
            },
            nb::keep_alive<1, 2>(), nb::arg("Z").noconvert())
        .def("row", [](const Products& rows, std::size_t j, const InOut& out) {
            require(j < rows.width() && out.shape(0) == rows.width(), "there is no such row, or out is not as long");
            std::copy(rows.at(j), rows.at(j) + rows.width(), out.data());
        });
    nb::class_<Exchange>(m, "Exchange")
        .def(
            "__init__",
            [](Exchange* made, const Products& S, const Vector<double>& linear, const Vector<double>& l2,
               const Vector<double>& box, const Vector<double>& price) {
                new (made) Exchange(choice(S, linear, l2, box, price));
            },
            nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>(), nb::keep_alive<1, 4>(), nb::keep_alive<1, 5>(),
            nb::keep_alive<1, 6>(), nb::arg("S"), nb::arg("linear").noconvert(), nb::arg("l2").noconvert(),
            nb::arg("box").noconvert(), nb::arg("price").noconvert())
        .def(
            "__init__",
            [](Exchange* made, const Square& S, const Vector<double>& linear, const Vector<double>& l2,
               const Vector<double>& box, const Vector<double>& price) {
                new (made) Exchange(choice(S, linear, l2, box, price));
            },
            nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>(), nb::keep_alive<1, 4>(), nb::keep_alive<1, 5>(),
            nb::keep_alive<1, 6>(), nb::arg("S").noconvert(), nb::arg("linear").noconvert(),
            nb::arg("l2").noconvert(), nb::arg("box").noconvert(), nb::arg("price").noconvert())
        .def_prop_ro("members", &Exchange::members)
        .def_prop_ro("objective", &Exchange::objective)
        .def("set",
             [](Exchange& held, const Vector<std::int64_t>& columns) {
                 const auto members = distinct(columns, held.width());
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 held.set(members, Patience{&work});
             },
             nb::arg("columns").noconvert())
        .def("grow",
             [](Exchange& held) {
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 return held.grow(Patience{&work});
             })
        .def("shrink",
             [](Exchange& held) {
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 return held.shrink(Patience{&work});
             })
        .def("search",
             [](Exchange& held, std::size_t size, int depth) {
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 return held.search(size, depth, Patience{&work});
             },
             nb::arg("size"), nb::arg("depth"));
    bind_search<Tree>(m, "Tree")
        .def("root",
             [](Tree& tree) {
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 return tree.root(Patience{&work});
             })
        .def_prop_ro("settled",
                     [](const Tree& tree) {
                         return std::vector<int>(tree.settled().begin(), tree.settled().end());
                     })
        .def_prop_ro("relaxed", &Tree::relaxed);
    bind_search<Leaps>(m, "Leaps");
    nb::class_<Support>(m, "Support")
        .def(nb::init<>())
        .def("pivot",
             [](Support& support, const Square& S, const Vector<double>& linear, const Vector<double>& l1,
                const Vector<double>& l2, const InOut& b, const Flags& barred, double loss, double goal,
                const InOut& pull) {
                 const auto q = quadratic(S, linear, l1, l2, b, barred);
                 require(pull.shape(0) == q.k, "pull needs one entry per row of S");
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 return static_cast<int>(
                     support.pivot(q, b.data(), barred.data(), loss, goal, pull.data(), Patience{&work}));
             },
             nb::arg("S").noconvert(), nb::arg("linear").noconvert(), nb::arg("l1").noconvert(),
             nb::arg("l2").noconvert(), nb::arg("b").noconvert(), nb::arg("barred").noconvert(), nb::arg("loss"),
             nb::arg("goal"), nb::arg("pull").noconvert())
        .def("walk",
             [](Support& support, const Square& S, const Vector<double>& linear, const Vector<double>& l1,
                const Vector<double>& l2, const InOut& b, const Flags& barred, std::size_t changes) {
                 const auto q = quadratic(S, linear, l1, l2, b, barred);
                 std::size_t work = 0;
                 nb::gil_scoped_release released;
                 return static_cast<int>(support.walk(q, b.data(), barred.data(), changes, Patience{&work}));
             },
             nb::arg("S").noconvert(), nb::arg("linear").noconvert(), nb::arg("l1").noconvert(),
             nb::arg("l2").noconvert(), nb::arg("b").noconvert(), nb::arg("barred").noconvert(), nb::arg("changes"));
}
