/**
 * A request that reports how much of its body was sent, for a link on which one piece takes seconds. `fetch` does not
 * report that; XMLHttpRequest does (XHR Standard §4.5.6, progress events of `upload`). Use it only with the gateway's
 * API: bodies are bytes or text, and answers are short texts.
 *
 * It also ends a request that makes no progress: a link that silently drops packets would otherwise hold it until TCP
 * gives up.
 */

/**
 * If nothing moves for a minute, the link is so slow that it needs smaller pieces. A shorter time would give up on a
 * gateway that is busy with its disk.
 */
export const QUIET_MS = 60_000;

/** Resolves whatever the status. Throws TypeError where there is no answer, as `fetch` does, or the signal's reason. */
export function fetchTelling(
  url: string,
  init: RequestInit,
  onSent: (bytes: number) => void,
): Promise<Response> {
  const { signal, body } = init;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(init.method ?? 'GET', url);
    for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
    let quiet = setTimeout(abort, QUIET_MS);
    const moved = () => {
      clearTimeout(quiet);
      quiet = setTimeout(abort, QUIET_MS);
    };
    request.upload.addEventListener('progress', (event) => {
      moved();
      onSent(event.loaded);
    });
    request.upload.addEventListener('load', moved);
    request.addEventListener('progress', moved);
    request.addEventListener('load', () => resolve(responseOf(request)));
    request.addEventListener('error', () => reject(new TypeError('no answer')));
    request.addEventListener('abort', () =>
      reject(signal?.aborted ? signal.reason : new TypeError('no answer')),
    );
    request.addEventListener('loadend', () => {
      clearTimeout(quiet);
      signal?.removeEventListener('abort', abort);
    });
    signal?.addEventListener('abort', abort, { once: true });
    request.send(
      typeof body === 'string' || body instanceof Uint8Array
        ? (body as string | Uint8Array<ArrayBuffer>)
        : null,
    );
  });
}

/** Statuses whose answers have no body, not even an empty one (Fetch Standard §2.2.3). */
const NO_BODY = new Set([101, 103, 204, 205, 304]);

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return new Response(NO_BODY.has(request.status) ? null : request.responseText, {
    status: request.status,
    headers,
  });
}
