/** The pages of results. Their list also shows the studies that wait to be read. */
import { UnreadStudies } from '../cases/UnreadStudies.tsx';
import { ResultsPages, type ResultsRoute } from '../results/ResultsPages.tsx';

export function ResultsWithUnread({ route }: { readonly route: ResultsRoute }) {
  return <ResultsPages route={route} unread={<UnreadStudies isFirst />} />;
}
