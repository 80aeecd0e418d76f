/** A gateway before a PACS that serves DICOMweb (web-pacs.ts), with people who send to it and read from it. */
import type { Role } from '#shared/protocol/api.ts';
import { syntheticStudy, type SyntheticInstance, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { fieldsOf } from './fields-of.ts';
import { storeConfirmed } from './foreign-clients.ts';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from './open-gateway.ts';
import { startWebPacs, type WebPacs } from './web-pacs.ts';

export type DataSet = Readonly<Record<string, { readonly vr: string; readonly Value?: readonly unknown[] }>>;

export type WebWorld = {
  readonly gateway: TestGateway;
  readonly pacs: WebPacs;
  /** A person's token. */
  person(role: Role): Promise<string>;
  /** Stores instances by STOW-RS; they are in the PACS then. */
  store(token: string, instances: readonly SyntheticInstance[]): Promise<DataSet>;
  /** Stores a study. */
  send(token: string, seed: number, more?: { instances?: number; series?: number }): Promise<SyntheticStudy>;
  get(path: string, token: string, accept?: string): Promise<Response>;
  /** The rows or metadata of a search that succeeds. */
  rows(path: string, token: string): Promise<readonly DataSet[]>;
  close(): Promise<void>;
};

export const first = (dataSet: DataSet | undefined, tag: string): unknown => dataSet?.[tag]?.Value?.[0];

export async function openWebWorld(options: TestGatewayOptions = {}): Promise<WebWorld> {
  const pacs = await startWebPacs();
  const gateway = await openTestGateway({ ...options, pacs: pacs.pacs });
  const get: WebWorld['get'] = (path, token, accept) =>
    gateway.call('GET', `/dicom-web${path}`, { token, ...(accept !== undefined && { headers: { accept } }) });
  const store: WebWorld['store'] = async (token, instances) => {
    pacs.expect(instances);
    const answer = await storeConfirmed(gateway, token, { files: fieldsOf(instances, 'bytes') });
    if (answer.status !== 200) throw new Error(await answer.text());
    return (await answer.json()) as DataSet;
  };
  return {
    ...{ gateway, pacs, get, store },
    person: async (role) => (await gateway.userWith([role])).accessToken,
    async send(token, seed, { instances = 2, series = 1 } = {}) {
      const study = syntheticStudy({ seed, series, instancesPerSeries: instances, rows: 8, columns: 8 });
      await store(token, study.instances);
      return study;
    },
    async rows(path, token) {
      const answer = await get(path, token);
      const said = await answer.text();
      if (answer.status !== 200) throw new Error(said);
      return JSON.parse(said) as DataSet[];
    },
    async close() {
      await gateway.close();
      await pacs.close();
    },
  };
}
