use super::HttpError;
use crate::placeholders::{Fields, Form, Poison, Template};
use crate::record::Record;
use crate::settings::{HeaderSetting, HttpSettings};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// How a record becomes a request.
#[derive(Debug)]
pub(super) struct Request {
    method: reqwest::Method,
    url: Template,
    body: Option<Template>,
    fixed: HeaderMap,
    headers: Vec<(HeaderName, Template)>,
    is_json: bool,
    body_form: Form,
}

/// Why a record cannot become one. No retry helps.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsendable {
    #[error(transparent)]
    Poison(#[from] Poison),
    #[error("the record makes no URL: {0}")]
    Url(String),
    #[error("the record's value for the header {0} has characters that a header cannot have")]
    Header(String),
}

impl Request {
    pub fn new(settings: &HttpSettings) -> Result<Request, HttpError> {
        let mut request = Request {
            method: settings.method.name().parse().unwrap_or(reqwest::Method::POST),
            url: settings.url_template.clone(),
            body: settings.body.clone(),
            fixed: HeaderMap::new(),
            headers: vec![],
            is_json: true,
            body_form: Form::Json,
        };
        for (name, setting) in &settings.headers {
            let wrong = |why: String| HttpError::Secret { name: name.clone(), why };
            let header: HeaderName = name.parse().map_err(|_| wrong("is no name of a header".into()))?;
            if header == CONTENT_TYPE {
                request.is_json = false;
                request.body_form = if setting.names_json() { Form::Json } else { Form::Body };
            }
            match setting {
                HeaderSetting::Template(template) => request.headers.push((header, template.clone())),
                HeaderSetting::Secret(secret) => {
                    let text = secret.reveal(&settings.folder).map_err(wrong)?;
                    let unfit = |_| wrong("the secret has characters that a header cannot have".into());
                    let mut value = HeaderValue::from_str(&text).map_err(unfit)?;
                    value.set_sensitive(true);
                    request.fixed.insert(header, value);
                }
            }
        }
        if request.is_json {
            request.fixed.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    pub fn render(&self, record: &Record) -> Result<reqwest::Request, Unsendable> {
        let fields = Fields::of(record);
        let url = self.url.render(&fields, Form::Url)?;
        let url = reqwest::Url::parse(&url).map_err(|why| Unsendable::Url(why.to_string()))?;
        let mut request = reqwest::Request::new(self.method.clone(), url);
        *request.headers_mut() = self.fixed.clone();
        for (name, template) in &self.headers {
            let text = template.render(&fields, Form::Text)?;
            let value = HeaderValue::from_str(&text).map_err(|_| Unsendable::Header(name.to_string()))?;
            request.headers_mut().insert(name.clone(), value);
        }
        *request.body_mut() = Some(self.body(record, &fields)?);
        Ok(request)
    }

    fn body(&self, record: &Record, fields: &Fields<'_>) -> Result<reqwest::Body, Unsendable> {
        if let Some(template) = &self.body {
            return Ok(template.render(fields, self.body_form)?.into());
        }
        // What calls itself JSON is JSON; with a content type of the settings' own it is whatever they say.
        if self.is_json {
            fields.json()?;
        }
        Ok(record.value.clone().ok_or(Poison::NoValue)?.into())
    }
}
