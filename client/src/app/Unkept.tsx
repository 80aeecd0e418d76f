/** Verdicts could not be saved before signing out. */
import { Notice } from '../kit/Notice.tsx';
import { appWords } from './app-words.ts';

export function Unkept() {
  return (
    <Notice kind="stop" title={appWords.account.unkept}>
      <p>{appWords.account.unkeptWhat}</p>
    </Notice>
  );
}
