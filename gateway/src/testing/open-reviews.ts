/** Reviews of a test gateway over the real routes: asked for, answered and signed as the page does it. */
import { randomUUID } from 'node:crypto';
import type { Review, ReviewPlace, ReviewTypes } from '#shared/protocol/reviews.ts';
import { insertTestResult } from './insert-result.ts';
import { giveStudy, jsonOf, openTestCase, type PacsGateway } from './open-cases.ts';
import type { TestGateway } from './open-gateway.ts';

type By = { readonly token: string };
type Asked = { readonly type?: string; readonly readers?: readonly string[] };

/** By ids of accounts; without them the places are free. The time that follows is later. */
export async function openTestReview(
  gateway: TestGateway,
  as: By,
  caseId: string,
  asked: Asked,
): Promise<Review> {
  const body = { id: randomUUID(), type: 'chest-film-double', ...asked };
  const review = await jsonOf<Review>(gateway, `POST /cases/${caseId}/reviews`, { ...as, body, status: 201 });
  gateway.wait(1);
  return review;
}

/** A case with a study of its own, in which models found this. */
export async function openFoundCase(gateway: PacsGateway, { token }: By, found: readonly (boolean | null)[]) {
  const study = `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;
  const { id: caseId } = await openTestCase(gateway, token, { expected: { accessionNumber: 'A1' } });
  await giveStudy(gateway, caseId, study);
  const results: string[] = [];
  for (const positive of found)
    results.push(await insertTestResult(gateway.database.db, { study, positive }));
  return { study, caseId, results };
}

export const readReview = (gateway: TestGateway, as: By, id: string): Promise<Review> =>
  jsonOf(gateway, `GET /reviews/${id}`, as);

/** The caller's own place, as they see it now. */
export const placeOf = async (gateway: TestGateway, as: By, id: string): Promise<ReviewPlace> =>
  (await readReview(gateway, as, id)).places.find(({ isMine }) => isMine)!;

/** The body that the page sends for this step. */
export async function stepOf(gateway: TestGateway, as: By, id: string, more: object): Promise<object> {
  const { place, version } = await placeOf(gateway, as, id);
  return { id: randomUUID(), place, version, ...more };
}

/** `more`: other answers, another decision, or its reason. */
export const decideTest = async (
  gateway: TestGateway,
  as: By,
  id: string,
  more: object = {},
): Promise<Review> => {
  const said = { decision: 'accept', answers: { finding: 'normal', certainty: 4 }, ...more };
  const body = await stepOf(gateway, as, id, said);
  return jsonOf(gateway, `POST /reviews/${id}/decision`, { ...as, body });
};

/** Signs the review, even if the decision contradicts the finding. */
export const signTest = async (gateway: TestGateway, as: By, id: string): Promise<Review> =>
  jsonOf(gateway, `POST /reviews/${id}/sign`, {
    ...as,
    body: await stepOf(gateway, as, id, { isMeant: true }),
  });

export async function decideAndSign(
  gateway: TestGateway,
  as: By,
  id: string,
  finding = 'normal',
): Promise<Review> {
  await decideTest(gateway, as, id, { answers: { finding, certainty: 4 } });
  return signTest(gateway, as, id);
}

export const withdraw = (gateway: TestGateway, as: By, id: string): Promise<Review> =>
  jsonOf(gateway, `POST /reviews/${id}/withdraw`, { ...as, body: { id: randomUUID() } });

export async function definitionOf(gateway: TestGateway, as: By, name: string) {
  const { types } = await jsonOf<ReviewTypes>(gateway, 'GET /review-types', as);
  return types.find((type) => type.name === name)!.definition;
}

/** A type of this name, as `like` with these changes. */
export async function addReviewType(
  gateway: TestGateway,
  as: By,
  name: string,
  { like = 'chest-film-double', ...changes }: { readonly like?: string; readonly [field: string]: unknown },
): Promise<string> {
  const body = { name, definition: { ...(await definitionOf(gateway, as, like)), ...changes } };
  await jsonOf(gateway, 'POST /review-types', { ...as, body, status: 201 });
  return name;
}
