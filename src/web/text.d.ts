/** The page's own files, embedded into the executable as text. */
declare module "*/page.html" {
  const text: string;
  export default text;
}
declare module "*/page.css" {
  const text: string;
  export default text;
}
declare module "*/page.client.js" {
  const text: string;
  export default text;
}
