/** Recorded answers about results, jobs and models, in the place of the gateway's, for tests in a browser. */
import type { BrowserContext, Route } from 'playwright-core';
import type { Job, Result } from '#shared/protocol/inference.ts';
import { afterVerdict, drawnExplanations, idOf, recordedModels, STUDY } from './recorded-answers.ts';

/** The gateway's answers now, and its questions so far; a walk changes the answers. */
export class RecordedGateway {
  results: Result[] = [];
  jobs: Job[] = [];
  isDown = false;
  hasNoImage = false;
  verifyStatus = 200;
  readonly verified: unknown[] = [];
  readonly asked: string[] = [];
  readonly inferred: string[] = [];
}

const problem = (status: number, code: string) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: 'about:blank',
    title: 'It cannot be done.',
    status,
    code,
    correlationId: 'c-1',
  }),
});

export const PICTURES = drawnExplanations();

/** The answers to one question about results, by the parts of its path. */
type Question = { readonly said: RecordedGateway; readonly route: Route; readonly parts: readonly string[] };

function answerModels({ route, parts: [id, what] }: Question): Promise<void> {
  const models = recordedModels();
  if (!id) return route.fulfill({ json: { models } });
  return route.fulfill({ json: what ? models[2] : models.find((model) => model.id === id) });
}

function answerUploads({ route }: Question): Promise<void> {
  const counts = { promised: 1, atGateway: 0, inPacs: 1, refused: 0, quarantined: 0, leftOut: 0 };
  const upload = {
    uploadId: idOf(1),
    studyInstanceUID: STUDY,
    state: 'receipted',
    revision: 1,
    policy: 'deidentified',
    counts,
    bytes: { promised: 1, atGateway: 0, inPacs: 1 },
    waiting: null,
    receipt: null,
  };
  const another = { ...upload, uploadId: idOf(2), studyInstanceUID: `${STUDY.slice(0, -2)}47` };
  return route.fulfill({ json: { uploads: [upload, another] } });
}

function answerInfer({ route, said }: Question): Promise<void> {
  said.inferred.push(route.request().postData() ?? '');
  return route.fulfill({ status: 202, json: said.jobs[0] });
}

function answerJobs({ route, said, parts: [id, what] }: Question): Promise<void> {
  if (what === 'events')
    return route.fulfill({
      contentType: 'text/event-stream',
      body: said.jobs.map((each) => `event: job\ndata: ${JSON.stringify(each)}\n\n`).join(''),
    });
  return route.fulfill({ json: id ? said.jobs.find((each) => each.id === id) : { jobs: said.jobs } });
}

function answerVerdict({ route, said }: Question, result: Result): Promise<void> {
  const verdict = route.request().postDataJSON();
  said.verified.push(verdict);
  if (said.verifyStatus !== 200)
    return route.fulfill(
      problem(said.verifyStatus, said.verifyStatus === 409 ? 'result-changed' : 'unexpected'),
    );
  const verified = afterVerdict(result, verdict);
  said.results = said.results.map((each) => (each.id === result.id ? verified : each));
  return route.fulfill({ json: verified });
}

function answerResults(question: Question): Promise<void> {
  const { route, said, parts } = question;
  const [id, what, method] = parts;
  if (!id) {
    const isLungs = new URL(route.request().url()).search.includes('model=lung-fields');
    const results = said.results.filter(({ finding }) => !isLungs || finding.model.id === 'lung-fields');
    return route.fulfill({ json: { results, next: null } });
  }
  const result = said.results.find((each) => each.id === id);
  if (!result) return route.fulfill(problem(404, 'not-found'));
  if (what === 'explanations' && said.hasNoImage) return route.fulfill(problem(410, 'image-gone'));
  if (what === 'explanations')
    return route.fulfill({ contentType: 'image/png', body: PICTURES.get(method!)! });
  if (what === 'preview') {
    const patient = { name: 'Relay^7Q3MX', id: 'P-7Q3MX', isPseudonym: true };
    const thumbnail = PICTURES.get('image')!.toString('base64url');
    return route.fulfill({
      json: { thumbnail, mayHoldName: false, patient, studyDate: '2026-01-01', bodyPart: 'CHEST' },
    });
  }
  return what === 'verify' ? answerVerdict(question, result) : route.fulfill({ json: result });
}

function answerPatients({ route }: Question): Promise<void> {
  const { studies } = route.request().postDataJSON() as { studies: readonly string[] };
  const unsaid = { issuer: null, birthDate: null, sex: null, accessionNumber: null, description: null };
  const of = { patientName: 'Relay^7Q3MX', patientId: 'P-7Q3MX', studyDate: '20260101', ...unsaid };
  const told = studies.map((studyInstanceUID) => ({ studyInstanceUID, ...of }));
  return route.fulfill({ json: { cases: [], studies: told, later: [] } });
}

const ANSWERS: Readonly<Record<string, (question: Question) => Promise<void>>> = {
  models: answerModels,
  uploads: answerUploads,
  infer: answerInfer,
  jobs: answerJobs,
  results: answerResults,
  cases: answerPatients,
};

/** Answers everything below /api that concerns models. */
export async function record(to: BrowserContext, said: RecordedGateway): Promise<void> {
  await to.route(/\/api\/(results|jobs|models|infer|uploads|cases\/patients)(\/|\?|$)/, async (route) => {
    const request = route.request();
    const { pathname, search } = new URL(request.url());
    const [, , kind, ...parts] = pathname.split('/');
    said.asked.push(`${request.method()} ${pathname.slice(4)}${search}`);
    return said.isDown ? route.abort('connectionrefused') : ANSWERS[kind!]!({ said, route, parts });
  });
}
