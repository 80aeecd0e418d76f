/** Stylesheets of views that are loaded later: the bundler packs them with the view. */
declare module '*.css';
