/** How often a stop may be asked for before nothing is waited for any longer. */
const PATIENCE = 3;

/**
 * Aborted when this process is to stop: by a signal, by a word of the parent process, or by the parent's end.
 * The third asking ends the process at once; what it leaves behind is ended by the next start.
 */
export function stopSignal(say: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  let lastAsked = 0;
  const ask = () => {
    // Ctrl-C arrives twice: from the terminal and through the parent.
    if (performance.now() - lastAsked < 300) return;
    lastAsked = performance.now();
    asked += 1;
    if (asked >= PATIENCE) process.exit(130);
    say(
      asked === 1
        ? '\nStopping.'
        : 'Stopping is under way; once more ends it at once and leaves the rest to the next start.',
    );
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
  process.on('message', ask);
  process.on('disconnect', ask);
  return controller.signal;
}
