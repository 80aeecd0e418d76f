import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createApiClient } from '../../net/api-client.ts';
import { readEvents, type EventMessage } from '../../net/read-events.ts';
import { createFollower, type StudyEvent } from './follow-events.ts';

const UPLOAD = '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001';

function statusOf(revision: number) {
  return {
    uploadId: UPLOAD,
    studyInstanceUID: '1.2.3',
    state: 'receiving',
    revision,
    policy: 'identified',
    counts: { promised: 1, atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 },
    bytes: { promised: 1, atGateway: 0, inPacs: 0 },
    waiting: null,
    receipt: null,
  };
}

async function eventsIn(chunks: readonly string[]): Promise<EventMessage[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const messages: EventMessage[] = [];
  for await (const message of readEvents(body)) messages.push(message);
  return messages;
}

test('events are read correctly, however the network splits them', async () => {
  const text = ': hello\n\nevent: study\nid: 7\ndata: {"a":1,\ndata: "b":2}\n\ndata: plain\r\n\r\n';
  const expected = [
    { event: 'study', data: '{"a":1,\n"b":2}', id: '7' },
    { event: 'message', data: 'plain', id: null },
  ];
  assert.equal(await eventsIn([text]), expected);
  assert.equal(await eventsIn([...text]), expected);
});

/** Follows one upload until `count` events have arrived; `stream` gives the answer to the stream request. */
async function followed(stream: () => Response, count: number, mayStream = true): Promise<StudyEvent[]> {
  let asked = 0;
  const fetchFrom = async (input: string | URL | Request) => {
    if (String(input).endsWith('/events')) return stream();
    asked += 1;
    return new Response(JSON.stringify(statusOf(asked)));
  };
  const api = createApiClient({
    baseUrl: 'http://gateway',
    fetch: fetchFrom,
    tokens: { accessToken: async () => 't', renew: async () => null },
  });
  const clock = {
    now: () => 0,
    sleep: (_: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) =>
        setImmediate(() => (signal.aborted ? reject(signal.reason) : resolve())),
      ),
  };
  const follower = createFollower({ api, clock, random: () => 0, mayStream: () => mayStream });
  const abort = new AbortController();
  const events: StudyEvent[] = [];
  await new Promise<void>((resolve) =>
    follower.follow(
      UPLOAD,
      (event) => {
        if (event !== 'gone') events.push(event);
        if (events.length === count) resolve();
      },
      abort.signal,
    ),
  );
  abort.abort();
  return events;
}

test('a study is followed through the stream', async () => {
  const lines = `event: study\nid: 1\ndata: ${JSON.stringify(statusOf(41))}\n\n`;
  const events = await followed(
    () => new Response(lines, { headers: { 'content-type': 'text/event-stream' } }),
    5,
  );
  assert.ok(events.some((event) => event.revision === 41));
});

test('a second account on the device polls instead of holding its own connection', async () => {
  const events = await followed(() => assert.unreachable() as never, 3, false);
  assert.is(events.length, 3);
});

test('if a proxy blocks streams, the study is polled instead', async () => {
  const events = await followed(() => new Response('no', { status: 502 }), 3);
  assert.is(events.length, 3);
});

test.run();
