/** A gateway that no longer answers is found; one that is slow for a moment, or says no, is left alone. */
import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchLive } from './gateway-process.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

/** Answers as long as it is asked to, and counts who asks. */
async function openDoor() {
  const door = { silentFor: 0, status: 200, asked: 0, url: '', close: () => {} };
  const heard: (() => void)[] = [];
  const server = createServer((_request, response) => {
    door.asked += 1;
    for (const tell of heard) tell();
    if (door.silentFor > 0) door.silentFor -= 1;
    else response.writeHead(door.status).end();
  });
  const port = await listenOnLoopback(server);
  door.url = `http://127.0.0.1:${port}/health/live`;
  door.close = () => {
    server.closeAllConnections();
    server.close();
  };
  const untilAsked = (times: number): Promise<void> =>
    new Promise((resolve) => heard.push(() => door.asked >= times && resolve()));
  return { door, untilAsked };
}

const QUICK = { everyMs: 10, withinMs: 200, misses: 3 };

test('a process that misses three answers in a row is dead, and is found once', async () => {
  const { door } = await openDoor();
  door.silentFor = Infinity;
  let deaths = 0;
  let answers = 0;
  const onDead = (): void => {
    deaths += 1;
  };
  const onAnswer = (): void => {
    answers += 1;
  };
  await watchLive({ ...QUICK, url: door.url }, new AbortController().signal, onDead, onAnswer);
  assert.equal([deaths, answers, door.asked], [1, 0, 3]);
  door.close();
});

test('one that misses two, or answers that it is not well, lives', async () => {
  const { door, untilAsked } = await openDoor();
  door.silentFor = 2;
  door.status = 503;
  const over = new AbortController();
  let deaths = 0;
  let answers = 0;
  const onDead = (): void => {
    deaths += 1;
  };
  const watching = watchLive({ ...QUICK, url: door.url }, over.signal, onDead, () => {
    answers += 1;
  });
  await untilAsked(8);
  over.abort();
  await watching;
  assert.equal([deaths, answers >= 5], [0, true], `${answers} answers`);
  door.close();
});

test('one that closes each connection as it comes, since it has no room for more, lives', async () => {
  const closed = Promise.withResolvers<void>();
  let connections = 0;
  const server = createServer().on('connection', (socket) => {
    socket.destroy();
    connections += 1;
    if (connections === 8) closed.resolve();
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}/health/live`;
  const over = new AbortController();
  let deaths = 0;
  const watching = watchLive({ ...QUICK, url }, over.signal, () => {
    deaths += 1;
  });
  await Promise.race([closed.promise, watching]);
  over.abort();
  await watching;
  assert.is(deaths, 0);
  server.close();
});

test.run();
