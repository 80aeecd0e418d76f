/**
 * The pages of results, loaded when the first of them is opened: the list, one result or two, running a model, and the
 * models.
 */
import { useEffect, useState } from 'preact/hooks';
import { createManyPatients } from '../cases/parts/many-patients.ts';
import { readsSite } from '../net/may-send.ts';
import { useApi, useSession } from '../net/net-context.ts';
import type { Route } from '../kit/routes.ts';
import { realClock } from '../net/clock.ts';
import { BesideView } from './result/BesideView.tsx';
import { isPlace } from './parts/stored-places.ts';
import { StoredView } from './stored/StoredView.tsx';
import { createLookStore } from './parts/look.store.ts';
import { ModelsView } from './models/ModelsView.tsx';
import { createKeptResults } from './parts/kept-results.ts';
import { createPickedPictures } from './parts/picked-pictures.ts';
import { createPreviewsStore } from './parts/previews.store.ts';
import { ResultsView } from './list/ResultsView.tsx';
import { OF_STUDY, OfStudy } from './list/OfStudy.tsx';
import { cameFrom } from './result/came-from.ts';
import { ResultView } from './result/ResultView.tsx';
import './list/results.css';
import './result/result.css';
import './stored/stored.css';
import './run/ask.css';
import './find/find.css';
import { createResultsStore } from './parts/results.store.ts';
import { RunView } from './run/RunView.tsx';
import { useOutbox } from '../outbox/open-outbox.ts';

export type ResultsRoute = Extract<Route, { page: 'results' }>;

/** The list, the chosen map and the picked pictures are kept while a person goes from result to result. */
export function ResultsPages({ route: { at, id, beside } }: { readonly route: ResultsRoute }) {
  const api = useApi();
  const session = useSession();
  const [look] = useState(() => createLookStore(localStorage));
  const [picked] = useState(createPickedPictures);
  const [kept] = useState(createKeptResults);
  const [previews] = useState(() => {
    const user = session.user.peek();
    const patients = user !== null && readsSite(user) ? createManyPatients(api) : null;
    return createPreviewsStore({ api, clock: realClock, patients });
  });
  const [list] = useState(() =>
    createResultsStore({
      api,
      clock: realClock,
      user: session.user.peek()?.id ?? '',
      now: Date.now,
      storage: sessionStorage,
    }),
  );
  const outbox = useOutbox();
  const saved = outbox.answered.value?.result;
  useEffect(() => void outbox.retry(), [outbox]);
  useEffect(() => {
    if (saved === undefined) return;
    list.note(saved);
    kept.note(saved);
  }, [list, kept, saved]);
  useEffect(
    () => () => {
      list.close();
      picked.close();
      previews.close();
      kept.close();
    },
    [list],
  );
  if (at === 'infer')
    return <RunView key={`${id} ${beside}`} id={id} ofCase={beside} list={list} picked={picked} />;
  if (at === 'models') return <ModelsView />;
  if (id === '') return <ResultsView {...{ list, previews, picked }} />;
  if (beside === OF_STUDY) return <OfStudy id={id} list={list} />;
  if (isPlace(beside))
    return <StoredView key={`${id} ${beside}`} id={id} place={beside} {...{ look, kept }} />;
  const from = cameFrom(beside);
  if (beside !== '' && from === null)
    return <BesideView key={`${id} ${beside}`} id={id} beside={beside} {...{ look, picked, kept }} />;
  return <ResultView key={id} {...{ id, list, look, picked, previews, kept, from }} />;
}
