/** Exports of a test gateway: asked for over the real route, and made by its own job. */
import { randomUUID } from 'node:crypto';
import type { Export, NewExport } from '#shared/protocol/exports.ts';
import { until } from '#testing/gateway-under-test.ts';
import { jsonOf } from './open-cases.ts';
import type { TestGateway } from './open-gateway.ts';

/** An export of all cases under pseudonyms, unless the test says otherwise. */
export const newExport = (of: Partial<NewExport>): NewExport => ({
  id: randomUUID(),
  template: 'cases-limited',
  selection: { filter: {} },
  purpose: 'Audit of the third quarter',
  ...of,
});

export const askForExport = (gateway: TestGateway, token: string, of: Partial<NewExport>): Promise<Export> =>
  jsonOf(gateway, 'POST /exports', { token, body: newExport(of), status: 201 });

/** Once it has come to this state. Not named `state`: an answer of the gateway has one, its present one. */
export function exportIn(
  gateway: TestGateway,
  token: string,
  { id, becomes = 'ready' }: { readonly id: string; readonly becomes?: Export['state'] },
): Promise<Export> {
  return until(`the export to be ${becomes}`, async () => {
    const now = await jsonOf<Export>(gateway, `GET /exports/${id}`, { token });
    return now.state === becomes && now;
  });
}

/** The bytes that its owner is given. */
export async function fileOf(gateway: TestGateway, token: string, id: string): Promise<Buffer> {
  const answer = await gateway.call('GET', `/exports/${id}/file`, { token });
  if (answer.status !== 200) throw new Error(`the file: ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** Asked for, made and read. */
export async function exported(gateway: TestGateway, token: string, of: Partial<NewExport>): Promise<string> {
  const { id } = await askForExport(gateway, token, of);
  await exportIn(gateway, token, { id });
  return (await fileOf(gateway, token, id)).toString('utf8');
}

export async function addTemplate(
  gateway: TestGateway,
  token: string,
  name: string,
  definition: object,
): Promise<string> {
  const body = { name, definition: { title: name, redaction: 'limited', format: 'csv', ...definition } };
  await jsonOf(gateway, 'POST /export-templates', { token, body, status: 201 });
  return name;
}
