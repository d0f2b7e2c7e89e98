// Work split among threads.  Each number is summed by one thread in one order, so their count changes no bit of any
// answer.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#define LOZENGE_POSIX 1
#else
#define LOZENGE_POSIX 0
#endif

namespace lozenge {

inline std::size_t thread_count() {
    if (const char* asked = std::getenv("OMP_NUM_THREADS")) {
        const long count = std::strtol(asked, nullptr, 10);
        if (count > 0) return static_cast<std::size_t>(count);
    }
    return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

// Threads that sleep between calls: to start one costs 30 to 40 us, to wake one a few.  The caller works too and never
// waits for a thread that has not woken up yet.
class Pool {
    struct Job {
        void (*call)(const void*, std::size_t);
        const void* work;
        std::size_t tasks;
        std::size_t places;  // for helpers that may still come in; under the lock
        std::atomic<std::size_t> next{0};
        std::exception_ptr failure;  // under the lock
    };

    std::mutex turn;  // one job at a time
    std::mutex lock;
    std::condition_variable wake, done;
    Job* job = nullptr;
    std::size_t inside = 0, helpers = 0;

    void drain(Job& now) {
        try {
            for (std::size_t task; (task = now.next.fetch_add(1)) < now.tasks;) now.call(now.work, task);
        } catch (...) {
            now.next = now.tasks;
            const std::lock_guard<std::mutex> held(lock);
            now.failure = std::current_exception();
        }
    }

    void help() {
#if LOZENGE_POSIX
        sigset_t all;  // signals are the business of Python's threads
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
#endif
        std::unique_lock<std::mutex> held(lock);
        for (;;) {
            wake.wait(held, [this] { return job && job->places > 0; });
            Job& now = *job;
            --now.places;
            ++inside;
            held.unlock();
            drain(now);
            held.lock();
            if (--inside == 0) done.notify_one();
        }
    }

    void run(Job& now) {
        {
            const std::lock_guard<std::mutex> held(lock);
            for (; helpers < now.places; ++helpers) try {
                    std::thread([this] { help(); }).detach();
                } catch (...) {
                    break;  // no thread to be had: the rest is done here
                }
            job = &now;
        }
        if (now.places > 1) wake.notify_all();
        else wake.notify_one();
        drain(now);
        std::unique_lock<std::mutex> held(lock);
        job = nullptr;
        done.wait(held, [this] { return inside == 0; });
        if (now.failure) std::rethrow_exception(now.failure);
    }

    // Never taken down: its threads sleep till the process ends.  A forked child has none of them and starts anew.
    static std::atomic<Pool*>& shared() {
        static std::atomic<Pool*> pool{nullptr};
        return pool;
    }
    static Pool& get() {
        static const bool watched = [] {
#if LOZENGE_POSIX
            pthread_atfork(nullptr, nullptr, [] { shared() = nullptr; });
#endif
            return true;
        }();
        static_cast<void>(watched);
        Pool* here = shared();
        if (!here) {
            Pool* made = new Pool;
            if (shared().compare_exchange_strong(here, made)) return *made;
            delete made;
        }
        return *here;
    }

  public:
    // Calls work(task) for every task, on up to `threads` threads.
    template <class Work>
    static void each(std::size_t tasks, std::size_t threads, const Work& work) {
        threads = std::min(threads, tasks);
        Job now{[](const void* what, std::size_t task) { (*static_cast<const Work*>(what))(task); }, &work, tasks,
                threads > 0 ? threads - 1 : 0, {0}, nullptr};
        Pool& pool = get();
        std::unique_lock<std::mutex> held(pool.turn, std::defer_lock);
        if (threads <= 1 || !held.try_lock())  // another call has the helpers
            for (std::size_t task = 0; task < tasks; ++task) work(task);
        else
            pool.run(now);
    }
};

// `cost` is the number of multiplications in all: below a million a thread costs more to wake than it saves.
inline std::size_t threads_for(double cost) { return cost < 1e6 ? 1 : thread_count(); }

// Calls work(begin, end) over disjoint ranges of [0, count): one for each thread, or smaller ones where they keep 256.
template <class Work>
void over_columns(std::size_t count, double cost, const Work& work) {
    if (count == 0) return;
    const std::size_t threads = threads_for(cost);
    const std::size_t parts = threads == 1 ? 1 : std::max(std::min(threads, count), std::min(4 * threads, count / 256));
    const std::size_t step = count / parts >= 64 ? 8 : 1;  // lines of row-major storage are not shared
    const auto edge = [&](std::size_t t) { return t == parts ? count : count * t / parts / step * step; };
    Pool::each(parts, threads, [&](std::size_t t) { work(edge(t), edge(t + 1)); });
}

}  // namespace lozenge
