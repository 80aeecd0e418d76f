import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { createOrthancPacs } from './orthanc-pacs.ts';

const test = suite('digests from an Orthanc');

const { signal } = new AbortController();
const ID = '0123abcd-0123abcd-0123abcd-0123abcd-0123abcd';
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

/** An index with these instances, and how often it lists them. */
async function openIndex(instances: string[]) {
  const asked = { lists: 0 };
  const answers = (path: string): unknown => {
    if (path.endsWith('/tools/lookup')) return [{ Type: 'Study', ID }];
    if (path.endsWith('/md5')) return null;
    asked.lists += 1;
    return instances.map((uid) => ({ ID, MainDicomTags: { SOPInstanceUID: uid } }));
  };
  const server = createServer((request, response) => {
    request.resume();
    const answer = answers(request.url ?? '');
    response.end(answer === null ? MD5 : JSON.stringify(answer));
  });
  const port = await listenOnLoopback(server);
  const pacs = createOrthancPacs({ url: `http://127.0.0.1:${port}/dicom-web`, authorization: null });
  return { pacs, asked, close: () => server.close() };
}

test('are asked for by the list in which the instances were found', async () => {
  const instances = ['1.2.1', '1.2.2'];
  const { pacs, asked, close } = await openIndex(instances);
  const found = await pacs.findStudy('1.2', signal, new Set(instances));
  const digests = await pacs.digestsOf!('1.2', found, signal);
  assert.equal(
    [...digests],
    [
      ['1.2.1', MD5],
      ['1.2.2', MD5],
    ],
  );
  assert.is(asked.lists, 1);
  await pacs.digestsOf!('1.2', found, signal);
  assert.is(asked.lists, 2, 'a list serves once');
  close();
});

test('are asked for by a new list where one instance came later, or another study was listed', async () => {
  const instances = ['1.2.1'];
  const { pacs, asked, close } = await openIndex(instances);
  await pacs.findStudy('1.2', signal, new Set(instances));
  instances.push('1.2.2');
  const digests = await pacs.digestsOf!('1.2', new Set(instances), signal);
  assert.is(digests.size, 2);
  assert.is(asked.lists, 2);
  await pacs.findStudy('1.3', signal, new Set(instances));
  await pacs.digestsOf!('1.2', new Set(instances), signal);
  assert.is(asked.lists, 4);
  close();
});

test.run();
