/**
 * Reads an event stream with `fetch`, because EventSource cannot send a token. Does not reconnect: the caller knows
 * what it missed.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';

export interface EventMessage {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** The messages of an event stream (HTML Living Standard §9.2.6). Comments and unknown fields are skipped. */
export async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<EventMessage> {
  let rest = '';
  let fields = { event: 'message', data: [] as string[], id: null as string | null };
  for await (const text of chunks(body)) {
    const lines = (rest + text).split(/\r\n|\n|\r(?=.)/s);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (fields.data.length > 0)
          yield { event: fields.event, data: fields.data.join('\n'), id: fields.id };
        fields = { event: 'message', data: [], id: null };
        continue;
      }
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === 'data') fields.data.push(value ?? '');
      if (name === 'event') fields.event = value ?? '';
      if (name === 'id') fields.id = value ?? '';
    }
  }
}

async function* chunks(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await ignoreFailure(reader.cancel(), 'the stream has ended either way');
  }
}
