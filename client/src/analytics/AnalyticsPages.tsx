/** The dashboard, loaded when it is opened: one page each for uploads, models and reviews, with one filter bar. */
import type { ComponentType } from 'preact';
import { EVALUATORS, UNKNOWN } from '#shared/protocol/analytics.ts';
import { AdminHead } from '../admin/AdminHead.tsx';
import { FilterSelect } from '../kit/FilterBar.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf, type Route } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import {
  FIGURES,
  isExactFor,
  mayAskPatients,
  parseFilters,
  placesFor,
  queryOf,
  USUAL,
  writeFilters,
  type Filters,
  type Place,
} from './analytics-filters.ts';
import { analyticsWords as words } from './analytics-words.ts';
import './analytics.css';
import { ModelFigures } from './ModelFigures.tsx';
import { NoisyReviews, NoisyUploads } from './NoisyFigures.tsx';
import { ReviewFigures } from './ReviewFigures.tsx';
import { SaveEvaluation } from './SaveEvaluation.tsx';
import { UploadFigures } from './UploadFigures.tsx';

export type AnalyticsRoute = Extract<Route, { page: 'analytics' }>;

const PAGES = {
  uploads: UploadFigures,
  models: ModelFigures,
  reviews: ReviewFigures,
} satisfies Record<Place, ComponentType<{ query: string }>>;

/** Pages with noisy counts, for roles that may not see exact ones. */
const NOISY = { ...PAGES, uploads: NoisyUploads, reviews: NoisyReviews };

export function AnalyticsPages({ route: { id, query } }: { readonly route: AnalyticsRoute }) {
  const roles = useSession().user.value?.roles ?? [];
  const places = placesFor(roles);
  const at = places.find((place) => place === id) ?? places[0];
  if (at === undefined)
    return (
      <main id="content" class="page stack">
        <h1 tabIndex={-1}>{kitWords.pages.analytics}</h1>
        <p>{words.notForYou}</p>
      </main>
    );
  const asked = parseFilters(query);
  const isByPatient = mayAskPatients(at, roles);
  const filters = isByPatient ? asked : { ...asked, sex: USUAL.sex, ageBand: USUAL.ageBand };
  const question = queryOf(filters, new Date());
  const View = isExactFor(at, roles) ? PAGES[at] : NOISY[at];
  return (
    <main id="content" class="page stack analytics">
      {roles.includes('admin') ? (
        <AdminHead at="analytics" />
      ) : (
        <h1 tabIndex={-1}>{kitWords.pages.analytics}</h1>
      )}
      {places.length > 1 && <Places places={places} at={at} query={query} />}
      <FilterBar at={at} filters={filters} isByPatient={isByPatient} />
      {at === 'models' && roles.some((role) => EVALUATORS.includes(role)) && (
        <SaveEvaluation query={question} />
      )}
      <View query={question} />
    </main>
  );
}

type PlacesProps = { readonly places: readonly Place[]; readonly at: Place; readonly query: string };

function Places({ places, at, query }: PlacesProps) {
  return (
    <nav class="row" aria-label={words.placesLabel}>
      {places.map((place) => (
        <a
          key={place}
          class="button figure-place"
          href={hrefOf({ page: 'analytics', id: place, query })}
          aria-current={place === at ? 'page' : undefined}
        >
          {words.places[place]}
        </a>
      ))}
    </nav>
  );
}

type FilterBarProps = { readonly at: Place; readonly filters: Filters; readonly isByPatient: boolean };

function FilterBar({ at, filters, isByPatient }: FilterBarProps) {
  const choose = (some: Partial<Filters>) =>
    // Replaces the address, so that the Back button leaves the dashboard.
    location.replace(hrefOf({ page: 'analytics', id: at, query: writeFilters({ ...filters, ...some }) }));
  const of = { of: FIGURES, any: words.any, filters, onChoose: choose };
  const unknown = { [UNKNOWN]: words.unknown };
  return (
    <search class="filter-bar" aria-label={words.filters}>
      <FilterSelect {...of} name="days" label={words.period} words={words.days} />
      <FilterSelect {...of} name="modality" label={words.modality} words={{}} />
      {isByPatient && (
        <>
          <FilterSelect {...of} name="sex" label={words.sex} words={{ ...unknown, ...words.sexes }} />
          <FilterSelect {...of} name="ageBand" label={words.ageBand} words={unknown} />
        </>
      )}
    </search>
  );
}
