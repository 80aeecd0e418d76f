/** Waiting without asking again and again: for streams of events. */

/** Ends after `ms`, or when what `arm` was given is called. */
export function silence(ms: number, arm: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    arm(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
