/** A thread runs while it has something to do, and each task ends, whatever happens to the thread. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PATIENCE_MS } from '#testing/environment.ts';
import { giving, keepThread, ThreadEnded, ThreadNotStarted } from './thread.ts';
import type { KeptThread, Reply, ThreadOptions } from './thread.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

type Task =
  | 'double'
  | 'length'
  | 'ask twice'
  | 'throw'
  | 'end'
  | 'kill'
  | 'loop'
  | 'hold'
  | 'fill'
  | 'wait'
  | 'process';
type TestTalk = {
  readonly task: { readonly what: Task; readonly bytes?: Uint8Array; readonly port?: number };
  readonly question: string;
  readonly reply: number;
  readonly answer: unknown;
};

const THIS_MODULE = new URL('./thread.ts', import.meta.url);
const SCRIPT = new URL(
  `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  import { connect } from 'node:net';
  import { giving } from '${THIS_MODULE}';
  import { serveTasks } from '${new URL('./serve-tasks.ts', import.meta.url)}';
  serveTasks(async ({ what, bytes, port }, ask, isOver) => {
    switch (what) {
      case 'double': {
        const twice = bytes.map((byte) => byte * 2);
        return giving([twice, bytes.length], twice.buffer);
      }
      case 'ask twice':
        return giving((await Promise.all([ask(giving('one')), ask(giving('two'))])).join());
      case 'throw':
        throw new TypeError(String.fromCharCode(68, 111, 101) + ' is no number');
      case 'end':
        process.exit(3);
      case 'kill':
        process.kill(process.pid, 'SIGKILL');
        return new Promise(() => undefined);
      case 'process':
        return giving([process.ppid, Object.keys(process.env), readFileSync('/proc/self/oom_score_adj', 'utf8').trim()]);
      case 'hold':
        await new Promise((resolve) => connect(port, '127.0.0.1', resolve));
        for (;;);
      case 'fill': {
        const filled = [];
        for (;;) filled.push(new Array(10_000).fill(filled.length));
      }
      case 'loop':
        await ask(giving('begun'));
        for (;;);
      default:
        await ask(giving('begun'));
        await new Promise((_, reject) => isOver.addEventListener('abort', () => reject(isOver.reason)));
    }
  });
`)}`,
);
const never = new AbortController().signal;
const noReply: Reply<TestTalk> = () => Promise.reject(new Error('nothing is to be asked'));
const doubled = (thread: KeptThread<TestTalk>): Promise<unknown> => {
  const bytes = Uint8Array.of(1, 2, 3);
  return thread.do(giving({ what: 'double', bytes }, bytes.buffer), noReply, never).then((answer) => {
    assert.is(bytes.length, 0, 'bytes that are given away are not copied');
    return answer;
  });
};
const DOUBLED = [Uint8Array.of(2, 4, 6), 3];
const errorOf = (doing: Promise<unknown>): Promise<Error> =>
  doing.then(
    (answer) => Promise.reject(new Error(`it answered ${String(answer)}`)),
    (error: Error) => error,
  );
/** The next thread that is started. */
const nextWorker = async (): Promise<Worker> => ((await once(process, 'worker')) as [Worker])[0];

const test = suite('a kept thread');

test('does tasks side by side, and passes on the reply to each one’s questions', async () => {
  const thread = keepThread<TestTalk>(SCRIPT);
  const asked: string[] = [];
  const reply: Reply<TestTalk> = async (question) => giving(asked.push(question));
  const answers = await Promise.all([
    doubled(thread),
    thread.do(giving({ what: 'ask twice' }), reply, never),
    doubled(thread),
  ]);
  assert.equal(answers, [DOUBLED, '1,2', DOUBLED]);
  assert.equal(asked, ['one', 'two']);
  await thread.close();
});

test('tells an error’s name and where it was thrown, and nothing that may come from the data', async () => {
  const thread = keepThread<TestTalk>(SCRIPT);
  const error = await errorOf(thread.do(giving({ what: 'throw' }), noReply, never));
  assert.is(error.name, 'TypeError');
  assert.match(error.stack ?? '', /^ {4}at /);
  assert.not.match(`${error.message}${error.stack}${JSON.stringify(error)}`, 'Doe');
  await thread.close();
});

test('fails all of its tasks when it ends, tells those who reply, and starts again with the next task', async () => {
  const thread = keepThread<TestTalk>(SCRIPT);
  const begun = Promise.withResolvers<AbortSignal>();
  const isAsked: Reply<TestTalk> = (_, isOver) => {
    begun.resolve(isOver);
    return new Promise(() => undefined);
  };
  const waiting = errorOf(thread.do(giving({ what: 'wait' }), isAsked, never));
  const isOver = await begun.promise;
  const ending = errorOf(thread.do(giving({ what: 'end' }), noReply, never));
  assert.equal([(await waiting).message, (await ending).message], ['a thread ended', 'a thread ended']);
  assert.ok(isOver.aborted);
  assert.equal(await doubled(thread), DOUBLED);
  await thread.close();
});

test('ends when no task has come for a while, and starts again with the next one', async () => {
  const thread = keepThread<TestTalk>(SCRIPT, { idleMs: 0 });
  for (let i = 0; i < 2; i += 1) {
    const started = nextWorker();
    const answer = doubled(thread);
    const worker = await started;
    const ended = once(worker, 'exit');
    assert.equal(await answer, DOUBLED);
    // The thread itself would not keep this process waiting for its end.
    worker.ref();
    await ended;
  }
});

/** Gives up when the thread has been replied to. */
async function giveUpOn(what: Task, thread: KeptThread<TestTalk>): Promise<Error> {
  const gaveUp = new AbortController();
  const reply: Reply<TestTalk> = async () => {
    setImmediate(() => gaveUp.abort(new Error('gave up')));
    return giving(0);
  };
  return errorOf(thread.do(giving({ what }), reply, gaveUp.signal));
}

test('drops a task that nobody waits for any more, and continues with the others', async () => {
  const thread = keepThread<TestTalk>(SCRIPT);
  const replied = Promise.withResolvers<ReturnType<typeof giving<number>>>();
  const others = thread.do(giving({ what: 'ask twice' }), () => replied.promise, never);
  assert.is((await giveUpOn('wait', thread)).message, 'gave up');
  replied.resolve(giving(1));
  assert.is(await others, '1,1');
  assert.is(
    (await errorOf(thread.do(giving({ what: 'double' }), noReply, AbortSignal.abort(new Error('too late')))))
      .message,
    'too late',
  );
  await thread.close();
});

test('is ended when it hangs, and a caller that gave up does not wait for it', async () => {
  const thread = keepThread<TestTalk>(SCRIPT, { hangsAfterMs: 1 });
  const started = nextWorker();
  const givingUp = giveUpOn('loop', thread);
  const ended = once(await started, 'exit');
  assert.is((await givingUp).message, 'gave up');
  await ended;
  assert.equal(await doubled(thread), DOUBLED);
  await thread.close();
});

test('is ended when it takes more memory than it may, and the process lives on', async () => {
  const thread = keepThread<TestTalk>(SCRIPT, { heapMb: 16 });
  const error = await errorOf(thread.do(giving({ what: 'fill' }), noReply, never));
  assert.ok(error instanceof ThreadEnded, error.message);
  assert.equal(await doubled(thread), DOUBLED);
  await thread.close();
});

/** Time that passes when the test says so. */
function timeByHand() {
  let pass = (): void => undefined;
  let refreshed = 0;
  const startTimer: NonNullable<ThreadOptions['startTimer']> = (work) => {
    pass = work;
    return { refresh: () => (refreshed += 1), clear: () => undefined };
  };
  return { startTimer, pass: () => pass(), refreshed: () => refreshed };
}

test('is ended when it says nothing for too long', async () => {
  const { startTimer, pass } = timeByHand();
  const thread = keepThread<TestTalk>(SCRIPT, { startTimer });
  const reply: Reply<TestTalk> = async () => {
    // Once the reply is on its way.
    setImmediate(pass);
    return giving(0);
  };
  const error = await errorOf(thread.do(giving({ what: 'loop' }), reply, never));
  assert.ok(error instanceof ThreadEnded && error.wasAlone, error.message);
  assert.equal(await doubled(thread), DOUBLED);
  await thread.close();
});

test('may say nothing for as long as it waits for a reply', async () => {
  const { startTimer, pass, refreshed } = timeByHand();
  const thread = keepThread<TestTalk>(SCRIPT, { startTimer });
  const reply: Reply<TestTalk> = async () => {
    const before = refreshed();
    pass();
    assert.is(refreshed(), before + 1, 'its time begins again');
    return giving(1);
  };
  assert.is(await thread.do(giving({ what: 'ask twice' }), reply, never), '1,1');
  await thread.close();
});

test('fails a task with the error of its reply', async () => {
  const thread = keepThread<TestTalk>(SCRIPT);
  const failing: Reply<TestTalk> = () => Promise.reject(new RangeError('EIO'));
  const error = await errorOf(thread.do(giving({ what: 'wait' }), failing, never));
  assert.equal([error.name, error.message], ['RangeError', 'EIO']);
  assert.equal(await doubled(thread), DOUBLED, 'the thread continues');
  await thread.close();
});

test('does not keep a process alive that has nothing else to do', () => {
  const script = `
    import { giving, keepThread } from '${THIS_MODULE}';
    const thread = keepThread(new URL(${JSON.stringify(SCRIPT.href)}), { idleMs: 2 ** 31 - 1 });
    console.log(JSON.stringify(await thread.do(giving({ what: 'ask twice' }), async () => giving(7), new AbortController().signal)));
  `;
  // A process that the thread keeps alive is killed: it would stay for weeks.
  const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  assert.equal([stdout.trim(), status], ['"7,7"', 0], stderr);
});

const own = suite('a kept thread in a process of its own');

own('does tasks and asks as any other, and answers in the same types', async () => {
  const thread = keepThread<TestTalk>(SCRIPT, { hasOwnProcess: true });
  const bytes = Uint8Array.of(1, 2, 3);
  const reply: Reply<TestTalk> = async (question) => giving(question.length);
  assert.equal(
    await Promise.all([
      thread.do(giving({ what: 'double', bytes }, bytes.buffer), noReply, never),
      thread.do(giving({ what: 'ask twice' }), reply, never),
    ]),
    [DOUBLED, '3,3'],
  );
  assert.is((await errorOf(thread.do(giving({ what: 'throw' }), noReply, never))).name, 'TypeError');
  await thread.close();
});

for (const what of ['kill', 'end', 'fill'] as const)
  own(
    `is ended by a task (${what}) that then is known for it, and the next task starts another`,
    async () => {
      const thread = keepThread<TestTalk>(SCRIPT, { hasOwnProcess: true, heapMb: 16 });
      const error = await errorOf(thread.do(giving({ what }), noReply, never));
      assert.ok(error instanceof ThreadEnded && error.wasAlone, error.message);
      assert.is(await thread.do(giving({ what: 'ask twice' }), async () => giving(1), never), '1,1');
      await thread.close();
    },
  );

/** With another program in place of Node. */
async function withProgram<T>(program: string, use: () => Promise<T>): Promise<T> {
  const { execPath } = process;
  process.execPath = program;
  try {
    return await use();
  } finally {
    process.execPath = execPath;
  }
}

for (const [what, program] of [
  ['does not exist', '/nowhere/node'],
  ['ends at once', '/bin/false'],
] as const)
  own(`blames no task where its program ${what}, and the next task starts another`, async () => {
    const thread = keepThread<TestTalk>(SCRIPT, { hasOwnProcess: true });
    const errors = await withProgram(program, () =>
      Promise.all([1, 2].map(() => errorOf(thread.do(giving({ what: 'ask twice' }), noReply, never)))),
    );
    for (const error of errors) assert.instance(error, ThreadNotStarted);
    assert.is(await thread.do(giving({ what: 'ask twice' }), async () => giving(1), never), '1,1');
    await thread.close();
  });

if (process.platform === 'linux')
  own('that cannot be started since no file can be opened fails its task alone: its parent lives on', () => {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { giving, keepThread } from '${THIS_MODULE}';
      const thread = keepThread(new URL(${JSON.stringify(SCRIPT.href)}), { hasOwnProcess: true });
      const ask = () => thread.do(giving({ what: 'ask twice' }), async () => giving(7), new AbortController().signal);
      const open = [];
      try { for (;;) open.push(openSync('/dev/null')); } catch (error) { console.log(error.code); }
      const failed = await ask().catch((error) => error.message);
      open.forEach(closeSync);
      console.log(failed);
      console.log(await ask());
      await thread.close();
    `;
    const { stdout, status, stderr } = spawnSync(
      '/bin/sh',
      ['-c', 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"', process.execPath, script],
      { encoding: 'utf8' },
    );
    assert.equal(
      [stdout.trim().split('\n'), status],
      [['EMFILE', 'a thread could not be started', '7,7'], 0],
      stderr,
    );
  });

own('that ends with two tasks tells of neither that it was alone', async () => {
  const thread = keepThread<TestTalk>(SCRIPT, { hasOwnProcess: true });
  const begun = Promise.withResolvers<void>();
  const isAsked: Reply<TestTalk> = () => {
    begun.resolve();
    return new Promise(() => undefined);
  };
  const waiting = errorOf(thread.do(giving({ what: 'wait' }), isAsked, never));
  await begun.promise;
  const errors = await Promise.all([waiting, errorOf(thread.do(giving({ what: 'kill' }), noReply, never))]);
  assert.equal(
    errors.map((error) => error instanceof ThreadEnded && error.wasAlone),
    [false, false],
  );
  await thread.close();
});

if (process.platform === 'linux')
  own('knows no setting of its parent, and is the first that the kernel ends', async () => {
    const thread = keepThread<TestTalk>(SCRIPT, { hasOwnProcess: true });
    const [parent, settings, score] = (await thread.do(giving({ what: 'process' }), noReply, never)) as [
      number,
      string[],
      string,
    ];
    assert.equal(
      [parent, settings.filter((name) => name !== 'NODE_COMPILE_CACHE'), score],
      [process.pid, [], '1000'],
    );
    await thread.close();
  });

/** A process of ours whose thread, in a process of its own, is busy and holds a connection to us. */
async function holdFromAfar(port: number) {
  const script = `
    import { giving, keepThread } from '${THIS_MODULE}';
    const thread = keepThread(new URL(${JSON.stringify(SCRIPT.href)}), { hasOwnProcess: true });
    await thread.do(giving({ what: 'hold', port: ${port} }), async () => giving(0), new AbortController().signal);
  `;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
}

own('dies with its parent, however busy it is', async () => {
  const server = createServer();
  const port = await listenOnLoopback(server);
  const parent = await holdFromAfar(port);
  try {
    const [held] = (await once(server, 'connection')) as [Socket];
    // The kernel resets the connection of a process that was killed.
    held.on('error', () => undefined).resume();
    const closed = once(held, 'close');
    parent.kill('SIGKILL');
    await closed;
    assert.is(held.destroyed, true);
  } finally {
    parent.kill('SIGKILL');
    server.close();
  }
});

own('does not keep its parent alive', () => {
  const script = `
    import { giving, keepThread } from '${THIS_MODULE}';
    const thread = keepThread(new URL(${JSON.stringify(SCRIPT.href)}), { idleMs: 2 ** 31 - 1, hasOwnProcess: true });
    console.log(JSON.stringify(await thread.do(giving({ what: 'ask twice' }), async () => giving(7), new AbortController().signal)));
  `;
  const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  assert.equal([stdout.trim(), status], ['"7,7"', 0], stderr);
});

test.run();
own.run();
