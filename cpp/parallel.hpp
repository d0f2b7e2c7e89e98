// Work over columns, split among threads.  Each column is summed by one thread in one order, so the number of
// threads changes no bit of any answer.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <thread>
#include <vector>

namespace lozenge {

inline std::size_t thread_count() {
    if (const char* asked = std::getenv("OMP_NUM_THREADS")) {
        const long count = std::strtol(asked, nullptr, 10);
        if (count > 0) return static_cast<std::size_t>(count);
    }
    return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

// Calls work(begin, end) over disjoint ranges of [0, count).  `cost` is the number of multiplications in all: below a
// million a thread costs more to start than it saves.
template <class Work>
void over_columns(std::size_t count, double cost, const Work& work) {
    const std::size_t threads = std::min(cost < 1e6 ? 1 : thread_count(), std::max<std::size_t>(1, count));
    if (threads == 1) {
        work(std::size_t{0}, count);
        return;
    }
    std::vector<std::thread> others;
    others.reserve(threads - 1);
    std::size_t started = 1;
    const auto edge = [&](std::size_t t) { return count * t / threads; };
    try {
        for (; started < threads; ++started)
            others.emplace_back(work, edge(started), edge(started + 1));
    } catch (...) {
        // No thread could be started: do the rest here.
        work(edge(started), count);
    }
    work(edge(0), edge(1));
    for (auto& other : others) other.join();
}

}  // namespace lozenge
