declare module "*/room-page.css" {
  const text: string;
  export default text;
}
declare module "*/room-page-script.js" {
  const text: string;
  export default text;
}
