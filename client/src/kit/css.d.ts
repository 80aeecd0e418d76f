/** Stylesheets of views that are fetched later: the builder takes them along with the view. */
declare module '*.css';
