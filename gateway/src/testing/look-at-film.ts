/** Asks a test gateway for results as one person does, of films that it puts into the PACS. */
import * as assert from 'uvu/assert';
import type { Job, Result } from '#shared/protocol/inference.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import type { TestGateway } from './open-gateway.ts';
import { lastOf } from './open-job.ts';
import type { TestPacs } from './open-pacs.ts';

export type ResultsClient = {
  readonly gateway: TestGateway;
  readonly pacs: TestPacs;
  /** The person's access token. */
  readonly token: string;
};

/** The answer's body; fails where it has another status. */
export async function ask<T>(
  { gateway, token }: ResultsClient,
  method: string,
  path: string,
  options: { readonly status: number } & Parameters<TestGateway['call']>[2],
): Promise<T> {
  const { status, ...rest } = options;
  const answer = await gateway.call(method, path, { token, ...rest });
  const body = (await answer.json()) as T;
  assert.is(answer.status, status, `${method} ${path}: ${JSON.stringify(body).slice(0, 300)}`);
  return body;
}

/** Puts the film into the PACS, has the models look at its study, and waits until the results are there too. */
export async function lookAtFilm(
  client: ResultsClient,
  { identifiers, bytes }: SyntheticInstance,
  body: object = {},
): Promise<{ job: Job; result: Result }> {
  const { gateway, pacs, token } = client;
  const { sopInstanceUID, studyInstanceUID } = identifiers;
  pacs.held.set(sopInstanceUID, { study: studyInstanceUID, bytes: Buffer.from(bytes) });
  const { id } = await ask<Job>(client, 'POST', '/infer', {
    status: 202,
    body: { model: 'pneumonia', studyInstanceUID, ...body },
  });
  const job = await lastOf(gateway, token, id);
  assert.is(job.state, 'done', JSON.stringify(job));
  const result = await ask<Result>(client, 'GET', `/results/${job.results[0]}`, { status: 200 });
  await until('its instances to be in the PACS', () =>
    result.instances.every((instance) => pacs.held.has(instance.sopInstanceUID)),
  );
  return { job, result };
}

/** Has the gateway show the person the image of a result: without it they give no verdict. */
export async function seeImage({ gateway, token }: ResultsClient, resultId: string): Promise<void> {
  const { status } = await gateway.call('GET', `/results/${resultId}/explanations/image`, { token });
  assert.is(status, 200);
}
