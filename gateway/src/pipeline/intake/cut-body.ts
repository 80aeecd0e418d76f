/**
 * A request's body that ends where the connection was cut, instead of failing: a stream that fails throws away what it holds, and each byte
 * thrown away is sent again over the network that just failed.
 */

export type CutBody = { readonly stream: ReadableStream<Uint8Array> | null; isCut(): boolean };

/** Read ahead of whoever reads, from the first moment: what the socket still holds when it dies is lost. Each upload in progress holds this much. */
const READ_AHEAD_BYTES = 128 * 1024;

export function createCutBody(body: ReadableStream<Uint8Array> | null): CutBody {
  if (body === null) return { stream: null, isCut: () => false };
  const reader = body.getReader();
  let cut = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch {
          cut = true;
          controller.close();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }),
  );
  return { stream, isCut: () => cut };
}
