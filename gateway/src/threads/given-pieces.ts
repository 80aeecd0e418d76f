/** Pieces that a thread's task gives out one after the other, each after the previous one was taken. */

/**
 * `run` gives each piece with `give`, and waits until it was taken. Returns the answer of `run`; throws what it throws.
 */
export async function* givenPieces<Piece, Answer>(
  run: (give: (piece: Piece) => Promise<void>, signal: AbortSignal) => Promise<Answer>,
  signal: AbortSignal,
): AsyncGenerator<Piece, Answer> {
  type Said =
    | { readonly kind: 'piece'; readonly piece: Piece; readonly taken: () => void }
    | { readonly kind: 'ended'; readonly answer: Answer }
    | { readonly kind: 'failed'; readonly error: unknown };
  const left = new AbortController();
  const said: Said[] = [];
  // Not a race with the end of the run: such a race would keep every piece in memory until the run ends.
  let come = Promise.withResolvers<void>();
  const say = (one: Said): void => {
    said.push(one);
    come.resolve();
  };
  const give = (piece: Piece): Promise<void> => new Promise((taken) => say({ kind: 'piece', piece, taken }));
  void run(give, AbortSignal.any([signal, left.signal])).then(
    (answer) => say({ kind: 'ended', answer }),
    (error: unknown) => say({ kind: 'failed', error }),
  );
  try {
    for (;;) {
      await come.promise;
      come = Promise.withResolvers();
      for (const one of said.splice(0)) {
        if (one.kind === 'failed') throw one.error;
        if (one.kind === 'ended') return one.answer;
        yield one.piece;
        one.taken();
      }
    }
  } finally {
    left.abort();
  }
}
